import { Client } from "pg";
import { findClientTools } from "../../components/io/backup/client-tools";
import { readRepository } from "../../components/io/backup/repository";
import { replaceDatabase, type Moved, type MoveRequest } from "../../components/io/move/replace-database";
import { parseMaskedColumn, type MaskingRule } from "../../components/core/move/masking";
import type { BackupBench } from "./backups";
import { startStatementProxy } from "./statement-proxy";

/** The database that copies replace in tests; the source is `shop` of the same server. */
export const target = "staging";

export function rulesOf(written: Readonly<Record<string, string>>): MaskingRule[] {
  return Object.entries(written).map(([key, expression]) => ({ ...parseMaskedColumn(key)!, expression }));
}

/** Copies the newest backup of a bench. */
export async function move(
  bench: BackupBench,
  rules: Readonly<Record<string, string>>,
  change: Partial<MoveRequest> = {},
): Promise<Moved> {
  const { repository, login, tools } = bench;
  const [backup] = (await readRepository(repository)).backups;
  return replaceDatabase({
    ...{ repository, backup: backup!, login, database: target, jobs: 2 },
    rules: rulesOf(rules),
    tools: await findClientTools(17, tools),
    now: () => Date.now(),
    progress: (_label, work) => work,
    say: () => undefined,
    signal: new AbortController().signal,
    ...change,
  });
}

/** What a login found where it should find nothing. */
export interface Spied {
  readonly user: string;
  readonly database: string;
  readonly before: string;
  readonly rows: readonly unknown[];
}

/**
 * Copies, and before each statement has logins connect to whatever is beside the target, and keep every session that they
 * get; each asks for rows before each statement from then on.
 *
 * @param spies with whether they connect as a replica does
 * @param ask a query that gives rows only where something is not masked
 */
export async function moveWatched(
  bench: BackupBench,
  rules: Readonly<Record<string, string>>,
  spies: readonly { readonly user: string; readonly password: string; readonly isReplica: boolean }[],
  ask: string,
): Promise<{ readonly moved: Moved; readonly spied: readonly Spied[]; readonly tries: number }> {
  const spied: Spied[] = [];
  const open: { client: Client; user: string; database: string }[] = [];
  let tries = 0;
  const look = async (before: string): Promise<void> => {
    const beside = await bench.sql(
      `SELECT datname::text AS name FROM pg_database WHERE datname LIKE '${target}\\_%'`,
      "postgres",
    );
    for (const { name } of beside) {
      for (const { user, password, isReplica } of spies) {
        tries += 1;
        const database = String(name);
        const client = new Client({
          ...{ host: bench.server.host, port: bench.server.port, user, password, database },
          ...(isReplica ? { replication: "database" } : {}),
        });
        client.on("error", () => undefined);
        if (
          await client.connect().then(
            () => true,
            () => false,
          )
        )
          open.push({ client, user, database });
        else await client.end().catch(() => undefined);
      }
    }
    for (const { client, user, database } of open) {
      const rows = await client.query(ask).then(
        (result) => result.rows as unknown[],
        () => [],
      );
      if (rows.length > 0) spied.push({ user, database, before, rows });
    }
  };
  const proxy = await startStatementProxy(bench.server, async (_count, statement) => {
    // They would wait for the locks that this very statement ends.
    if (!/^(?:COMMIT|ROLLBACK|ALTER TABLE|ALTER DATABASE|SELECT pg_catalog\.pg_)/.test(statement))
      await look(statement);
    return undefined;
  });
  try {
    const moved = await move(bench, rules, { login: { ...bench.login, port: proxy.port } });
    return { moved, spied, tries };
  } finally {
    for (const { client } of open) await client.end().catch(() => undefined);
    await proxy.stop();
  }
}
