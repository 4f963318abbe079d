import { planDatabaseAccess } from "../../../components/core/database/access";
import { planObjectsAccess } from "../../../components/core/privileges/objects";
import { readDatabaseCatalog } from "../../../components/io/catalog/database";
import { readObjectsCatalog } from "../../../components/io/catalog/objects";
import { secret } from "../../../components/providers/properties";
import { startProvider, type ProviderClient } from "../../support/provider-client";
import { startServer, type TestServer } from "../../support/server";
import type { Figures } from "../figures";
import { declareBench, prepareTemplate } from "./fixture";

const own = "two Access resources";
const reference = "the same statements in one transaction";
const command = "privileges from nothing";

/** What it costs to apply the privileges of 20 schemas: by the own provider, and by one that only sends them. */
export async function measureApply(runs: number): Promise<{
  figures: readonly Figures[];
  privileges: number;
  statements: number;
  subjects: readonly [string, string];
  command: string;
}> {
  const server = await startServer();
  const [provider, plain] = await Promise.all([
    startProvider({ entry: "components/providers/main.ts" }),
    startProvider({ entry: "test/bench/reference/statements.ts" }),
  ]);
  try {
    await prepareTemplate(server, "bench_template");
    const statements = await onCopy(server, () => planAll(server));
    const seconds: Record<string, number[]> = { [own]: [], [reference]: [] };
    let privileges = 0;
    for (let run = 0; run <= runs; run += 1) {
      const [ours, theirs] = [
        await onCopy(server, async () => {
          const taken = await applyOwn(server, provider);
          privileges = await countPrivileges(server);
          return taken;
        }),
        await onCopy(server, () => applyPlain(server, plain, statements)),
      ];
      if (run === 0) continue;
      seconds[own]?.push(ours);
      seconds[reference]?.push(theirs);
    }
    const figures = [own, reference].map((subject) => ({
      command,
      subject,
      seconds: seconds[subject] ?? [],
    }));
    return { figures, privileges, statements: statements.length, subjects: [own, reference], command };
  } finally {
    await Promise.all([provider.stop(), plain.stop()]);
    await server.stop();
  }
}

/** Gives each run a database of its own. */
async function onCopy<Result>(server: TestServer, work: () => Promise<Result>): Promise<Result> {
  const admin = await server.connect();
  try {
    await admin.query("DROP DATABASE IF EXISTS bench WITH (FORCE)");
    await admin.query("CREATE DATABASE bench TEMPLATE bench_template OWNER bench_owner");
    return await work();
  } finally {
    await admin.close();
  }
}

async function planAll(server: TestServer): Promise<string[]> {
  const { schemas, privileges } = declareBench("bench");
  const session = await server.connect("bench");
  try {
    const access = { database: "bench", ...schemas, allowDataLoss: [], privileges };
    const inDatabase = planDatabaseAccess(access, access, await readDatabaseCatalog(session));
    const objects = planObjectsAccess(privileges, await readObjectsCatalog(session, privileges));
    return [...inDatabase.statements, ...objects.statements].map(({ sql }) => sql);
  } finally {
    await session.close();
  }
}

async function applyOwn(server: TestServer, provider: ProviderClient): Promise<number> {
  const { schemas, privileges } = declareBench("bench");
  const common = { connection: connectionTo(server), database: "bench", privileges: { ...privileges } };
  const started = process.hrtime.bigint();
  const access = provider.resource("pgstead:index:Access", "bench");
  const lists = JSON.parse(JSON.stringify(schemas)) as { schemas: never[]; extensions: never[] };
  const inputs = JSON.parse(JSON.stringify(common)) as typeof common;
  await access.create({ ...(inputs as object), ...lists, scope: "database", allowDataLoss: [] });
  const objects = provider.resource("pgstead:index:Access", "bench-objects");
  await objects.create({ ...(inputs as object), scope: "objects" });
  return secondsSince(started);
}

async function applyPlain(
  server: TestServer,
  provider: ProviderClient,
  statements: readonly string[],
): Promise<number> {
  const started = process.hrtime.bigint();
  const inputs = { connection: connectionTo(server), database: "bench", statements };
  await provider.resource("bench:index:Statements", "bench").create(inputs);
  return secondsSince(started);
}

/** Privileges of the groups, and those that objects made later will have. */
async function countPrivileges(server: TestServer): Promise<number> {
  const session = await server.connect("bench");
  try {
    const [row] = await session.query<{ count: number }>(`
      SELECT count(*)::int AS count FROM (
        SELECT x.grantee FROM pg_class AS c, aclexplode(c.relacl) AS x
        UNION ALL SELECT x.grantee FROM pg_proc AS p, aclexplode(p.proacl) AS x
        UNION ALL SELECT x.grantee FROM pg_namespace AS n, aclexplode(n.nspacl) AS x
        UNION ALL SELECT x.grantee FROM pg_default_acl AS d, aclexplode(d.defaclacl) AS x
      ) AS every JOIN pg_roles AS r ON r.oid = every.grantee
      WHERE r.rolname ~ '_(reader|writer)$'`);
    return row?.count ?? 0;
  } finally {
    await session.close();
  }
}

function connectionTo({ host, port, superuser, password }: TestServer) {
  return { host, port, user: superuser, password: secret(password), systemIdentifier: "" };
}

function secondsSince(started: bigint): number {
  return Number(process.hrtime.bigint() - started) / 1e9;
}
