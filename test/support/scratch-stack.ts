import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { connectionUri, type ConnectionTarget } from "../../components/core/connection";
import { scratchLabel } from "../../components/io/scratch/locked-container";
import { openSession } from "../../components/io/session";
import { runNode, type OpsOutput } from "../integration/ops-stack";
import { buildTestImage } from "./docker-images";
import { makeContainerServer, type ContainerServer } from "./docker-server";

/** A server of the image that stacks run, with the file and the outputs of a stack on target docker. */
export interface ContainerStack {
  readonly server: ContainerServer;
  readonly administrator: ConnectionTarget;
  /** Stops the server, runs a shell script on its volumes, and starts it again, on another port. */
  restart(script: string): Promise<void>;
  readonly root: string;
  /** Directory of its migrations. */
  readonly directory: string;
  /** Runs SQL in the database of the stack, as the administrator. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** Writes the stack's file, with what a test says besides. */
  configure(more?: readonly string[], docker?: readonly string[]): Promise<void>;
  ops(...args: readonly string[]): Promise<OpsOutput>;
  /** Scratch servers that are on the engine, those of other tests as well. */
  scratchServers(): Promise<Docker.ContainerInfo[]>;
  remove(): Promise<void>;
}

/** @param settings of the server, by ALTER SYSTEM */
export async function containerStack(
  docker: Docker,
  settings: Readonly<Record<string, string>>,
): Promise<ContainerStack> {
  await buildTestImage(docker, "postgres");
  const server = await makeContainerServer(docker);
  await server.start();
  for (const [name, value] of Object.entries(settings))
    await server.sql(`ALTER SYSTEM SET ${name} = ${value}`);
  await server.container.stop();
  await server.start();
  const root = await mkdtemp(join(tmpdir(), "pgstead-scratch-stack-"));
  const directory = await mkdtemp(join(tmpdir(), "pgstead-scratch-migrations-"));
  let administrator = await server.target();
  const { Name } = await server.container.inspect();
  const stack: ContainerStack = {
    server,
    get administrator() {
      return administrator;
    },
    async restart(script) {
      await server.container.stop();
      await server.onVolumes(script);
      await server.start();
      administrator = await server.target();
      await writeOutputs();
    },
    root,
    directory,
    async query(sql) {
      const session = await openSession(administrator, { database: "shop" });
      return session.query(sql).finally(() => session.close());
    },
    configure: (more = [], engine = []) =>
      writeFile(
        join(root, "Pulumi.dev.yaml"),
        [...settingsOf(Name.replace(/^\/|-server$/g, ""), engine), ...more, ""].join("\n"),
      ),
    ops: (...args) => runNode("test/integration/ops-entry.ts", [root, ...args]),
    scratchServers: () => docker.listContainers({ all: true, filters: { label: [scratchLabel] } }),
    async remove() {
      await server.remove();
      await rm(root, { recursive: true, force: true });
      await rm(directory, { recursive: true, force: true });
    },
  };
  const writeOutputs = () => writeFile(join(root, "outputs.json"), JSON.stringify(outputsOf(administrator)));
  await stack.configure();
  await writeOutputs();
  await server.sql("CREATE ROLE shop_owner");
  await server.sql("CREATE DATABASE shop OWNER shop_owner TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
  await stack.query("CREATE SCHEMA api AUTHORIZATION shop_owner; CREATE SCHEMA app AUTHORIZATION shop_owner");
  return stack;
}

function settingsOf(name: string, engine: readonly string[]): string[] {
  return [
    "config:",
    "  pgstead:target: docker",
    "  pgstead:disposable: true",
    `  pgstead:docker: { ${[`name: ${name}`, ...engine].join(", ")} }`,
    "  pgstead:monitoring: { enabled: false }",
    "  pgstead:database:",
    "    name: shop",
    "    extensions: [pg_trgm]",
    "    schemas: { api: {}, app: {} }",
    "  pgstead:server: { memory: 1GB, cpus: 1 }",
    "  pgstead:audit: { schemas: [api], pgaudit: true }",
  ];
}

function outputsOf(administrator: ConnectionTarget): object {
  const { host, port, tls } = administrator;
  const uri = { ...administrator, tls: { mode: "verify-full", ca: "ca.crt" } } as const;
  return {
    ...{ host, port, version: "17", database: "shop", roles: {}, uris: {} },
    administratorUri: connectionUri(uri, "postgres"),
    caCertificate: tls?.ca,
  };
}
