import type Docker from "dockerode";
import { queryOverSocket } from "../../../components/io/docker/server";

/** Processor time of a container. */
export interface ProcessUsage {
  readonly name: string;
  readonly seconds: number;
}

/** What statements took on the server, of the roles that ran any. */
export interface StatementUsage {
  readonly role: string;
  readonly calls: number;
  /** Planned and executed. */
  readonly seconds: number;
}

/** Processor time of containers since each began, by what stands behind the stack's name in theirs. */
export function readProcesses(
  docker: Docker,
  stack: string,
  kinds: readonly string[],
): Promise<ProcessUsage[]> {
  return Promise.all(
    kinds.map(async (kind) => {
      const stats = await docker.getContainer(`${stack}-${kind}`).stats({ stream: false, "one-shot": true });
      return { name: kind, seconds: stats.cpu_stats.cpu_usage.total_usage / 1e9 };
    }),
  );
}

/** The view is in the database of the stack; a look of one's own needs it where the server's own account comes in. */
export async function prepareStatements(docker: Docker, container: string): Promise<void> {
  await queryOverSocket(docker, container, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements;\n");
}

/** What statements of each role have taken since the statistics began, the look itself left out. */
export async function readStatements(docker: Docker, container: string): Promise<StatementUsage[]> {
  const sql = `SELECT rolname, sum(calls), sum(total_plan_time + total_exec_time) / 1000
    FROM pg_stat_statements JOIN pg_catalog.pg_roles ON pg_roles.oid = userid
    WHERE query NOT LIKE '%JOIN pg_catalog.pg_roles ON pg_roles.oid = userid%'
    GROUP BY rolname ORDER BY rolname;\n`;
  return (await queryOverSocket(docker, container, sql))
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [role = "", calls, seconds] = line.split("|");
      return { role, calls: Number(calls), seconds: Number(seconds) };
    });
}

/** What was used between two looks. */
export function processesBetween(
  before: readonly ProcessUsage[],
  after: readonly ProcessUsage[],
): ProcessUsage[] {
  return after.map(({ name, seconds }) => {
    const start = before.find((one) => one.name === name);
    if (start === undefined) throw new Error(`${name} was not there before`);
    return { name, seconds: seconds - start.seconds };
  });
}

/** The same of statements; a role that had run none before began at nothing. */
export function statementsBetween(
  before: readonly StatementUsage[],
  after: readonly StatementUsage[],
): StatementUsage[] {
  return after
    .map(({ role, calls, seconds }) => {
      const start = before.find((one) => one.role === role);
      return { role, calls: calls - (start?.calls ?? 0), seconds: seconds - (start?.seconds ?? 0) };
    })
    .filter(({ calls }) => calls > 0);
}
