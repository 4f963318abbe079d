import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { connectDocker } from "../../components/io/docker/engine";
import { applicationImage, buildApplicationImage } from "../support/alembic-image";
import { containerStack, type ContainerStack } from "../support/scratch-stack";

const docker = connectDocker({});
const name = `pgstead-test-shop-${randomBytes(4).toString("hex")}`;
let stack: ContainerStack;
let network: Docker.Network;
let container: Docker.Container;

beforeAll(async () => {
  await buildApplicationImage(docker);
  stack = await containerStack(docker, { shared_preload_libraries: "pg_stat_statements, pgaudit" });
  await stack.query("CREATE EXTENSION pgaudit; CREATE EXTENSION pg_trgm SCHEMA public VERSION '1.5'");
  // As a stack has it: containers of its network know the server by a name.
  network = await docker.createNetwork({ Name: name });
  await network.connect({
    Container: stack.server.container.id,
    EndpointConfig: { Aliases: ["server"] },
  });
  container = await docker.createContainer({
    name,
    Image: applicationImage,
    Cmd: ["sleep", "infinity"],
    HostConfig: { NetworkMode: name, Init: true },
  });
  await container.start();
  await configure(`container: ${name}`);
  const applied = await stack.ops("migrate", "upgrade", "--yes");
  expect(applied.stderr + applied.stdout).toContain("3 migrations are done");
});
afterAll(async () => {
  await container.remove({ force: true });
  await stack.remove();
  await network.remove();
});
afterEach(() => configure(`container: ${name}`));

/** @param place where the application is */
const configure = (...place: readonly string[]): Promise<void> =>
  stack.configure([
    "  pgstead:migrations:",
    "    engine: alembic",
    `    alembic: { ${["python: [python]", ...place, "host: server", "port: 5432"].join(", ")} }`,
  ]);

interface Json {
  readonly data: {
    readonly drift: readonly { resource: string; subject?: string }[];
    readonly unseen: readonly { what: string; reason: string }[];
    readonly schemas: readonly { head: string | null; cached: boolean }[];
  };
}

const json = async (...args: readonly string[]): Promise<Json> =>
  JSON.parse((await stack.ops("drift", "--json", ...args)).stdout) as Json;
const ofSchema = ({ data }: Json) => data.drift.filter(({ resource }) => resource === "Schema shop");

const places = [
  ["a container that runs", () => [`container: ${name}`]],
  [
    "a container of an image, on the stack's network",
    () => [`image: ${applicationImage}`, `network: ${name}`],
  ],
] as const;

test.each(places)("the revisions of an application in %s make the expected schema", async (_where, place) => {
  await configure(...place());
  const found = await json();
  expect(found.data.unseen).toEqual([]);
  expect(ofSchema(found)).toEqual([]);
  expect(found.data.schemas).toMatchObject([{ head: "c3f0c3d2e4b5_email.py", cached: false }]);
  await stack.query("ALTER TABLE app.orders ADD COLUMN by_hand text");
  const changed = await json();
  await stack.query("ALTER TABLE app.orders DROP COLUMN by_hand");
  expect(ofSchema(changed)).toMatchObject([{ subject: "column app.orders.by_hand" }]);
  expect(changed.data.schemas).toMatchObject([{ cached: true }]);
});

test("a scratch server on this machine's loopback is not reached from there: told, and no word of no drift", async () => {
  const { unseen } = (await json("--scratch", "embedded")).data;
  expect(unseen).toMatchObject([{ what: "Schema shop" }]);
  expect(unseen[0]?.reason).toContain(
    `it listens on this machine's loopback, which container ${name} does not reach: its network is ${name}`,
  );
  expect(unseen[0]?.reason).toContain("say --scratch same-server");
});

test("a database on the stack's own server is reached as that is", async () => {
  const schemas = ["api", "app", "audit", "public"];
  const groups = schemas.flatMap((schema) => [`shop_${schema}_reader`, `shop_${schema}_writer`]);
  await stack.query(
    [...groups, "shop_audit", "shop_migrator"].map((role) => `CREATE ROLE ${role}`).join("; "),
  );
  const found = await json("--scratch", "same-server");
  expect(found.data.unseen).toEqual([]);
  expect(ofSchema(found)).toEqual([]);
});
