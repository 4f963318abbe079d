import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer, type TestServer } from "../../support/server";
import { runApart } from "../apart";
import { compare, median, type Comparison, type Figures } from "../figures";
import { say } from "../progress";
import type { ComparedSchemas } from "./compare";
import { manyTables, someChanges } from "./fixture";

/** Reading a schema of many tables and comparing it with the one that the cache has. */
export async function measureSchema(
  runs: number,
  tables = 5_000,
): Promise<{ figures: readonly Figures[]; comparisons: readonly Comparison[] }> {
  const server = await startServer();
  const cache = await mkdtemp(join(tmpdir(), "pgstead-bench-schemas-"));
  try {
    say(`schema: making ${tables} tables`);
    await query(server, "postgres", "CREATE DATABASE bench");
    for (const sql of manyTables(tables)) await query(server, "bench", sql);
    const answers = await measure(server, runs, cache);
    return resultOf(`${tables.toLocaleString("en")} tables`, answers);
  } finally {
    await server.stop();
    await rm(cache, { recursive: true, force: true });
  }
}

async function measure(server: TestServer, runs: number, cache: string): Promise<ComparedSchemas[]> {
  const { host, port, superuser: user, password } = server;
  const once = () =>
    runApart<ComparedSchemas>("test/bench/schema/compare.ts", { host, port, user, password, cache });
  // The first one fills the cache: what makes it is measured apart.
  await once();
  await query(server, "bench", someChanges);
  const answers = [];
  for (let run = 0; run < runs; run += 1) answers.push(await once());
  return answers;
}

function resultOf(
  subject: string,
  answers: readonly ComparedSchemas[],
): { figures: readonly Figures[]; comparisons: readonly Comparison[] } {
  const of = (pick: (answer: ComparedSchemas) => number): number[] => answers.map(pick);
  const [whole, read, bare] = [
    of((one) => one.seconds),
    of((one) => one.readSeconds),
    of((one) => one.bareSeconds),
  ];
  const [first] = answers;
  if (first?.differences !== 200 || first.statements < 200) {
    throw new Error(`200 differences were expected: ${JSON.stringify(first)}`);
  }
  return {
    figures: [
      { command: "read and compare", subject: `${subject}, ${first.objects} objects`, seconds: whole },
      { command: "read the schema", subject, seconds: read },
      { command: "read bare rows", subject, seconds: bare },
    ],
    comparisons: [
      compare(`read and compare the schema: ${subject}`, median(whole), "s", 10),
      compare("read the schema / read bare rows", median(read) / median(bare), "times", null),
      compare("read and compare the schema: memory", Math.max(...of((one) => one.megabytes)), "MB", null),
    ],
  };
}

async function query(server: TestServer, database: string, sql: string): Promise<void> {
  const session = await server.connect(database);
  await session.query(sql).finally(() => session.close());
}
