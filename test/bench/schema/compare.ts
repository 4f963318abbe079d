/**
 * Compares the schema of a database with the one that the cache has, in a process of its own, whose memory is its
 * answer. Started with the connection and the cache's directory as JSON on standard input.
 */
import type { ConnectionTarget } from "../../../components/core/connection";
import { compareSchemas } from "../../../components/core/schema/compare";
import { mendSchema } from "../../../components/core/schema/mend";
import { cachedSchema } from "../../../components/io/schema/cache";
import { readSchema } from "../../../components/io/schema/read";
import { withSession } from "../../../components/io/session";

export interface ComparedSchemas {
  /** From the first question to the last statement. */
  readonly seconds: number;
  readonly readSeconds: number;
  /** A read of the bare rows of the catalogue, for a ratio. */
  readonly bareSeconds: number;
  readonly objects: number;
  readonly differences: number;
  readonly statements: number;
  readonly megabytes: number;
}

async function main(): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const { cache, ...target } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as ConnectionTarget & {
    readonly cache: string;
  };
  const answer = await withSession(target, { database: "bench" }, async (session) => {
    const started = performance.now();
    const { snapshot } = await cachedSchema({ version: 170_000 }, () => readSchema(session), cache);
    const known = performance.now();
    const actual = await readSchema(session);
    const readSeconds = (performance.now() - known) / 1000;
    const comparison = compareSchemas(snapshot, actual);
    const statements = mendSchema(comparison, snapshot);
    const seconds = (performance.now() - started) / 1000;
    const bare = performance.now();
    for (const catalog of [
      "pg_class",
      "pg_attribute",
      "pg_constraint",
      "pg_index",
      "pg_proc",
      "pg_trigger",
    ]) {
      await session.query(`SELECT pg_catalog.json_agg(c) FROM pg_catalog.${catalog} AS c`);
    }
    return {
      seconds,
      readSeconds,
      bareSeconds: (performance.now() - bare) / 1000,
      objects: actual.objects.length,
      differences: comparison.differences.length,
      statements: statements.length,
    };
  });
  const megabytes = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(JSON.stringify({ ...answer, megabytes } satisfies ComparedSchemas));
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
