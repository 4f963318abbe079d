import { chmod, copyFile, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectionUri } from "../../components/core/connection";
import { runNode, type OpsOutput } from "../integration/ops-stack";
import { findMatchingTools } from "../support/client-tools";
import { makeDockerStack, type DockerStackUnderTest } from "../support/docker-stack";
import { startServer, type TestServer } from "../support/server";

const secret = "ada.lovelace@example.org";

let under: DockerStackUnderTest;
let staging: TestServer;
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pgstead-move-"));
  await chmod(root, 0o755);
  under = await makeDockerStack([
    [["pgstead:backup"], { logical: {} }],
    [["pgstead:database", "masking"], { "public.people.email": "'user' || id" }],
  ]);
  await under.up();
  await sql(
    `SET ROLE promptforge_owner; CREATE TABLE public.people AS SELECT g AS id, '${secret}'::text AS email FROM generate_series(1, 50) AS g`,
  );
  await under.ops(["backup"]);
  staging = await startServer();
}, 900_000);

afterAll(async () => {
  await under.remove();
  await staging.stop();
  await rm(root, { recursive: true, force: true });
}, 300_000);

function sql(text: string, database = "promptforge"): Promise<string> {
  return under.exec("server", [
    ...["psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--host=/var/run/postgresql", "--username=postgres"],
    ...["--no-align", "--tuples-only", `--dbname=${database}`, `--command=${text}`],
  ]);
}

/** Copies to a stack that has these outputs. */
async function copyTo(
  stack: string,
  database: string,
  outputs: Readonly<Record<string, unknown>>,
): Promise<OpsOutput> {
  await copyFile(join(under.checkout.directory, "Pulumi.prod.yaml"), join(root, "Pulumi.prod.yaml"));
  const settings = `config:\n  pgstead:protect: false\n  pgstead:database: { name: ${database} }\n`;
  await writeFile(join(root, `Pulumi.${stack}.yaml`), settings);
  const logins = { database, roles: {}, uris: {} };
  await writeFile(join(root, `outputs.${stack}.json`), JSON.stringify({ ...outputs, ...logins }));
  const args = [root, "copy", "--from", "prod", "--to", stack, "--confirm", database];
  return runNode("test/integration/ops-entry.ts", args, {
    PATH: [findMatchingTools(), process.env.PATH].join(delimiter),
    PGSTEAD_DATA: join(root, "data"),
  });
}

test("a backup in the volume of containers goes to an embedded server and to one in containers, masked", async () => {
  const { host, port, superuser: user, password } = staging;
  const administratorUri = connectionUri({ host, port, user, password }, "postgres");
  const embedded = await copyTo("staging", "shop", { host, port, version: "17", administratorUri });
  expect(embedded.exitCode, embedded.stderr + embedded.stdout).toBe(0);
  const session = await staging.connect("shop");
  const people = await session.query(
    "SELECT count(*)::int AS n, count(*) FILTER (WHERE email LIKE 'user%')::int AS masked FROM public.people",
  );
  await session.close();
  expect(people).toEqual([{ n: 50, masked: 50 }]);

  const docker = await copyTo("inside", "other", await under.outputs());
  expect(docker.exitCode, docker.stderr + docker.stdout).toBe(0);
  const masked = "SELECT count(*) FROM public.people WHERE email LIKE 'user%'";
  expect(Number(await sql(masked, "other"))).toBe(50);
  expect(Number(await sql(masked))).toBe(0);
  // Nothing unmasked stays on the machine that copied.
  expect(await readdir(join(root, "data", "fetched"))).toEqual([]);
}, 600_000);
