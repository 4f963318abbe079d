import { pgsteadVersion } from "../core/version";
import { access } from "./access";
import { audit } from "./audit";
import { credential } from "./credential";
import { embeddedServer } from "./embedded-server";
import { existingServer } from "./existing-server";
import { guard } from "./guard";
import { hostBasedAccess } from "./host-based-access";
import { lazyResource } from "./lazy";
import { serveProvider } from "./protocol";
import { settings } from "./settings";

void serveProvider({
  // It lives and is released with the program.
  version: pgsteadVersion,
  resources: {
    "pgstead:index:Access": access,
    "pgstead:index:Audit": audit,
    "pgstead:index:Certificate": lazyResource(async () => (await import("./certificate.js")).certificate),
    "pgstead:index:Credential": credential,
    "pgstead:index:DockerHost": lazyResource(async () => (await import("./docker-host.js")).dockerHostType),
    "pgstead:index:DockerServer": lazyResource(async () => (await import("./docker-server.js")).dockerServer),
    "pgstead:index:EmbeddedServer": embeddedServer,
    "pgstead:index:ExistingServer": existingServer,
    "pgstead:index:Files": lazyResource(async () => (await import("./files.js")).files),
    "pgstead:index:Guard": guard,
    "pgstead:index:HostBasedAccess": hostBasedAccess,
    "pgstead:index:HostFiles": lazyResource(async () => (await import("./host-files.js")).hostFiles),
    "pgstead:index:HostJobs": lazyResource(async () => (await import("./host-jobs.js")).hostJobs),
    "pgstead:index:HostLogin": lazyResource(async () => (await import("./host-login.js")).hostLogin),
    "pgstead:index:Migrations": lazyResource(async () => (await import("./migrations.js")).migrations),
    "pgstead:index:PointInTimeRecovery": lazyResource(
      async () => (await import("./point-in-time-recovery.js")).pointInTimeRecovery,
    ),
    "pgstead:index:ServerReplacement": lazyResource(
      async () => (await import("./server-replacement.js")).serverReplacement,
    ),
    "pgstead:index:Settings": settings,
  },
});
