import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ConnectionTarget } from "../../components/core/connection";
import {
  decideDowngrade,
  decideUpgrade,
  type Decision,
  type DowngradeTarget,
} from "../../components/core/migrations/decide";
import type { MigrationHistory } from "../../components/core/migrations/history";
import type { Migration } from "../../components/core/migrations/migration";
import { parseMigrations } from "../../components/core/migrations/migration-set";
import { defaultLimits, type RunLimits } from "../../components/core/migrations/retry";
import { loadSqlParser } from "../../components/core/migrations/sql-parser";
import { ProblemError } from "../../components/core/problem";
import { parseRepeatables } from "../../components/core/repeatables/parse-repeatables";
import type { Repeatable } from "../../components/core/repeatables/repeatable";
import { readMigrationDirectory, readRepeatableFiles } from "../../components/io/migration-files";
import { digestOf } from "../../components/io/migrations/digest";
import { createEngine, type MigrationEngine, type RunOutcome } from "../../components/io/migrations/engine";
import { prepareHistory, readHistory } from "../../components/io/migrations/history";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { openSession, type Session } from "../../components/io/session";
import { migrationText } from "../unit/core/migrations/judged";
import type { TestServer } from "./server";

/** A database with an owner, a migrator and an application, and a directory of migrations for it. */
export interface MigratedDatabase {
  readonly name: string;
  readonly owner: string;
  readonly migrator: ConnectionTarget;
  readonly application: ConnectionTarget;
  readonly directory: string;
  /** What the runs said. */
  readonly said: readonly string[];
  write(
    file: string,
    up: string,
    parts?: { readonly down?: string; readonly header?: string },
  ): Promise<void>;
  /** Writes a repeatable file, such as `views/totals.sql`, or takes it away. */
  repeat(file: string, text: string | undefined): Promise<void>;
  repeatables(): Promise<readonly Repeatable[]>;
  upgrade(options?: RunOptions & { readonly to?: string }): Promise<RunOutcome>;
  downgrade(target: DowngradeTarget, options?: RunOptions): Promise<RunOutcome>;
  /** What would be decided now. */
  decision(): Promise<Decision>;
  history(): Promise<MigrationHistory>;
  /** As the superuser. */
  query<Row extends Record<string, unknown>>(sql: string): Promise<Row[]>;
  open(): Promise<Session>;
  remove(): Promise<void>;
}

export interface RunOptions {
  readonly limits?: Partial<RunLimits>;
  readonly signal?: AbortSignal;
  readonly say?: (text: string) => void;
  /** Another port of the server, such as a proxy's. */
  readonly port?: number;
  /** False: without the repeatable files. */
  readonly repeats?: boolean;
}

let count = 0;

export async function migratedDatabase(server: TestServer): Promise<MigratedDatabase> {
  const name = `shop${(count += 1)}`;
  const owner = `${name}_owner`;
  const home = await mkdtemp(join(tmpdir(), "pgstead-migrations-"));
  const directory = join(home, "migrations");
  await mkdir(directory);
  const said: string[] = [];
  const [migrator, application] = await provision(server, name, owner);
  const engine = async ({ limits = {}, signal, say, port }: RunOptions): Promise<MigrationEngine> =>
    createEngine({
      database: name,
      owner,
      login: { ...migrator, ...(port === undefined ? {} : { port }) },
      watcher: { host: server.host, port: server.port, user: server.superuser, password: server.password },
      limits: { ...defaultLimits, ...limits },
      waiting: {
        say: (text) => {
          said.push(text);
          say?.(text);
          return Promise.resolve();
        },
        signal: signal ?? new AbortController().signal,
      },
      parser: await loadSqlParser(),
    });
  const run = async (decide: (input: Input) => Decision, options: RunOptions = {}): Promise<RunOutcome> => {
    const migrations = await readFiles(directory);
    const repeatables = await readRepeatables(directory);
    return (await engine(options)).run(
      (history) => stepsOf(decide({ migrations, history, ...fixed })),
      options.repeats === false ? undefined : { repeatables },
    );
  };
  const history = async (): Promise<MigrationHistory> => {
    const session = await openSession(migrator, { database: name, asItself: true, readOnly: true });
    return readHistory(session).finally(() => session.close());
  };
  return {
    name,
    owner,
    migrator,
    application,
    directory,
    said,
    history,
    async write(file, up, parts = {}) {
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, file), migrationText(up, parts));
    },
    async repeat(file, text) {
      await mkdir(join(home, dirname(file)), { recursive: true });
      if (text === undefined) await rm(join(home, file));
      else await writeFile(join(home, file), text);
    },
    repeatables: () => readRepeatables(directory),
    upgrade: ({ to, ...options } = {}) => run((input) => decideUpgrade(input, to), options),
    downgrade: (target, options) =>
      run((input) => decideDowngrade(input, target), { ...options, repeats: false }),
    decision: async () =>
      decideUpgrade({ migrations: await readFiles(directory), history: await history(), ...fixed }),
    open: () => server.connect(name),
    async query<Row extends Record<string, unknown>>(sql: string) {
      const session = await server.connect(name);
      return session.query<Row>(sql).finally(() => session.close());
    },
    remove: () => rm(home, { recursive: true, force: true }),
  };
}

type Input = Parameters<typeof decideUpgrade>[0];
const fixed = { directory: "sql/migrations", digest: digestOf };

/** Reads migrations as commands do. */
export async function readFiles(directory: string): Promise<Migration[]> {
  return parseMigrations(await readMigrationDirectory(directory, "sql/migrations"), await loadSqlParser());
}

/** Reads the repeatable files beside them as commands do; there may be no migration. */
export async function readRepeatables(directory: string): Promise<readonly Repeatable[]> {
  return parseRepeatables(
    await readRepeatableFiles({ directory, shown: "sql/migrations" }),
    await loadSqlParser(),
  );
}

/** What a decision has to run; its problems are thrown. */
export function stepsOf({ steps, problems }: Decision): Decision["steps"] {
  if (problems.length > 0) throw new ProblemError("refused", problems);
  return steps;
}

/** Waits without a word. */
export const silently = { say: () => Promise.resolve(), signal: new AbortController().signal };

/** As `up` makes them: the migrator belongs to the owner with SET and without INHERIT, and works as him. */
async function provision(
  server: TestServer,
  name: string,
  owner: string,
): Promise<[migrator: ConnectionTarget, application: ConnectionTarget]> {
  const admin = await server.connect();
  const logins = [`${name}_migrator`, `${name}_app`].map((user) => {
    return { host: server.host, port: server.port, user, password: generatePassword() };
  });
  const [migrator, application] = logins as [ConnectionTarget, ConnectionTarget];
  await admin.query(`CREATE ROLE ${owner}`);
  for (const { user, password } of logins) {
    await admin.query(`CREATE ROLE ${user} LOGIN PASSWORD '${scramVerifier(password)}'`);
  }
  await admin.query(`GRANT ${owner} TO ${migrator.user} WITH INHERIT FALSE, SET TRUE`);
  await admin.query(`ALTER ROLE ${migrator.user} SET role = ${owner}`);
  await admin.query(`CREATE DATABASE ${name} OWNER ${owner}`);
  await admin.close();
  const session = await server.connect(name);
  await session.query(
    `CREATE SCHEMA app AUTHORIZATION ${owner}; GRANT USAGE ON SCHEMA app TO ${application.user}`,
  );
  await session.query(
    `ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA app GRANT SELECT, INSERT, UPDATE ON TABLES TO ${application.user}`,
  );
  await prepareHistory(session, migrator.user, silently);
  await session.close();
  return [migrator, application];
}
