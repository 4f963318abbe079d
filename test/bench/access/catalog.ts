/**
 * Reads the catalogue of a database with 10,000 tables and plans, in a process of its own, whose memory is its answer.
 * Started with the connection as JSON on standard input.
 */
import { planObjectsAccess } from "../../../components/core/privileges/objects";
import type { ConnectionTarget } from "../../../components/core/connection";
import { readObjectsCatalog } from "../../../components/io/catalog/objects";
import { withSession } from "../../../components/io/session";
import { declareBench } from "./fixture";

async function main(): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const target = JSON.parse(Buffer.concat(chunks).toString("utf8")) as ConnectionTarget;
  const { privileges } = declareBench("bench");
  const answer = await withSession(target, { database: "bench" }, async (session) => {
    const started = process.hrtime.bigint();
    const catalog = await readObjectsCatalog(session, privileges);
    const plan = planObjectsAccess(privileges, catalog);
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    return { seconds, objects: catalog.objects.length, statements: plan.statements.length };
  });
  process.stdout.write(JSON.stringify({ ...answer, megabytes: process.resourceUsage().maxRSS / 1024 }));
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
