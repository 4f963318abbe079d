import { serveProvider } from "../../../../components/providers/protocol";
import { diffSettings } from "../shared/settings";
import { databaseBehaviour } from "./database";
import { extensionBehaviour } from "./extension";
import { checkConfig, parseConfig } from "./provider-config";
import { resourceType } from "./resource";
import { roleBehaviour } from "./role";
import { schemaBehaviour } from "./schema";
import { Server } from "./server";
import { pluginVersion } from "./version";

/**
 * Offline edition of the official plugin `postgresql`, for places where that cannot be downloaded: the same answers
 * for the resource types that this program uses. Anything else is refused by name.
 */
let configured: Server | undefined;

function server(): Server {
  if (configured === undefined) throw new Error("the postgresql provider was not configured");
  return configured;
}

void serveProvider({
  version: pluginVersion,
  checkConfig,
  diffConfig: diffSettings,
  configure(config) {
    configured = new Server(parseConfig(config));
  },
  resources: {
    "postgresql:index/database:Database": resourceType(databaseBehaviour(server)),
    "postgresql:index/extension:Extension": resourceType(extensionBehaviour(server)),
    "postgresql:index/role:Role": resourceType(roleBehaviour(server)),
    "postgresql:index/schema:Schema": resourceType(schemaBehaviour(server)),
  },
});
