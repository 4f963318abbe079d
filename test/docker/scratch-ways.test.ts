import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectDocker, type DockerEndpoint } from "../../components/io/docker/engine";
import { runLabel } from "../../components/io/docker/run-label";
import { withScratchContainer, type ScratchContainer } from "../../components/io/scratch/container";
import { scratchLabel } from "../../components/io/scratch/locked-container";
import { openCancellable, withSession } from "../../components/io/session";
import { buildTestImage, testImages } from "../support/docker-images";
import { eventually } from "../support/eventually";
import { silently } from "../support/migrations";
import { temporaryDirectory } from "../support/server";
import { startSshHost, type SshHost } from "../support/ssh-host";
import {
  makeEngineCertificates,
  startTlsProxy,
  type EngineCertificates,
  type TlsProxy,
} from "../support/tls-engine";

const docker = connectDocker({});
const before = { ...process.env };
let directory: string;
let ssh: SshHost;
let tls: TlsProxy;
let certificates: EngineCertificates;

beforeAll(async () => {
  await buildTestImage(docker, "postgres");
  directory = await temporaryDirectory();
  ssh = await startSshHost(mkdtempSync(join(directory, "ssh-")));
  certificates = await makeEngineCertificates(directory);
  tls = await startTlsProxy(certificates.authority, certificates.server);
  Object.assign(process.env, ssh.env);
});
afterAll(async () => {
  process.env = before;
  await Promise.all([ssh.stop(), tls.stop()]);
  await rm(directory, { recursive: true, force: true });
});

const locale = { encoding: "UTF8", provider: "b", locale: "C.UTF-8", rules: null, collate: "C", ctype: "C" };

function onScratch<Result>(
  engine: DockerEndpoint,
  use: (server: ScratchContainer) => Promise<Result>,
): Promise<Result> {
  const model = { engine, image: testImages.postgres, label: "a test", server: { locale, settings: {} } };
  return withScratchContainer(model, { administrator: "postgres" }, silently, use);
}

const ways: readonly (readonly [string, () => DockerEndpoint])[] = [
  ["its socket", () => ({})],
  ["SSH", () => ({ host: ssh.address("engine-host") })],
  ["TLS", () => ({ host: tls.host, certPath: certificates.good })],
];

describe.each(ways)("a scratch server of an engine over %s", (_way, endpointOf) => {
  test("takes much from both sides at once, several sessions, and a cancel; then it is gone", async () => {
    await onScratch(endpointOf(), async ({ administrator }) => {
      const rows = await withSession(administrator, {}, async (session) => {
        const text = "x".repeat(500_000);
        // In one write: the server answers the first while the last are on their way.
        const sent = session.together(() =>
          Array.from({ length: 40 }, () =>
            session.query<{ text: string }>("SELECT $1::text AS text", [text]),
          ),
        );
        return (await Promise.all(sent)).flat();
      });
      expect(rows.map(({ text }) => text.length)).toEqual(Array(40).fill(500_000));
      const sleeper = await openCancellable(administrator, {});
      const cancelled = expect(sleeper.query("SELECT pg_catalog.pg_sleep(600)")).rejects.toMatchObject({
        code: "57014",
      });
      await withSession(administrator, {}, (other) =>
        eventually("it sleeps", async () => {
          const found = await other.query(
            "SELECT FROM pg_catalog.pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'",
            [sleeper.pid],
          );
          return found.length === 0 ? undefined : true;
        }),
      );
      await sleeper.cancel();
      await cancelled;
      await sleeper.close();
    });
    const label = [scratchLabel, `${runLabel}=${hostname()}/${process.pid}`];
    expect(await docker.listContainers({ all: true, filters: { label } })).toEqual([]);
  });
});

test("another password than the server's own is refused, and so is a server that is gone", async () => {
  const { target, refused } = await onScratch({}, async ({ administrator }) => ({
    target: administrator,
    refused: await withSession({ ...administrator, password: "guessed" }, {}, () => Promise.resolve()).catch(
      (error: unknown) => (error as Error).message,
    ),
  }));
  expect(refused).toContain("password authentication failed");
  await expect(withSession(target, {}, () => Promise.resolve())).rejects.toThrow("no answer from PostgreSQL");
});
