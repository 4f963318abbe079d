import { randomBytes } from "node:crypto";
import type { ConnectionTarget } from "../../core/connection";
import { quoteIdentifier, quoteLiteral } from "../../core/identifier";
import { defaultLimits } from "../../core/migrations/retry";
import type { SqlParser } from "../../core/migrations/sql-parser";
import { problemError } from "../../core/problem";
import type { DesiredDatabase } from "../../core/server/database";
import { diffSettings } from "../../core/server/role-settings";
import { embeddedMajor } from "../embedded/binaries";
import { createEngine, type MigrationEngine } from "../migrations/engine";
import { prepareHistory } from "../migrations/history";
import { generatePassword, scramVerifier } from "../scram";
import { withSession } from "../session";
import type { Waiting } from "../waiting";
import { grantDeclared, makeDeclaredDatabase, makeDeclaredServer, type DeclaredState } from "./declared";
import { withScratchDatabase } from "./same-server";
import { withScratchServer } from "./server";

/** Where scratch databases are made: on a server of their own, or on the stack's. */
export const scratchPlaces = ["embedded", "same-server"] as const;
export type ScratchPlace = (typeof scratchPlaces)[number];

export interface ScratchOptions {
  readonly place: ScratchPlace;
  /** The live server: its version counts, and it is only touched, and needed, where the place is `same-server`. */
  readonly live: { readonly administrator: ConnectionTarget | undefined; readonly major: number };
  readonly state: DeclaredState;
  /** Role that migrations run as. */
  readonly owner: string;
  /** Role that migrates; undefined: the administrator does. */
  readonly migrator: string | undefined;
  readonly waiting: Waiting;
  readonly parser: SqlParser;
}

/** A database as the declaration has it, before any migration. */
export interface Scratch {
  readonly administrator: ConnectionTarget;
  readonly database: string;
  readonly engine: MigrationEngine;
  /** Gives what migrations made its owners and privileges. */
  grant(): Promise<void>;
  /** Does something with a copy; undefined where none can be made, as a session has to stay in the database. */
  readonly withCopy?: <Result>(use: (copy: Scratch) => Promise<Result>) => Promise<Result>;
}

/** Makes a scratch database as declared, uses it and removes it, whatever happens. */
export async function withScratch<Result>(
  options: ScratchOptions,
  use: (scratch: Scratch) => Promise<Result>,
): Promise<Result> {
  const { place, live, state, waiting } = options;
  const [declared] = state.server.databases;
  if (declared === undefined) throw new Error("a scratch database is of a declared one");
  if (place === "same-server") {
    const { administrator } = live;
    if (administrator === undefined) throw new Error("a database on the same server needs that server");
    return withScratchDatabase(administrator, declared, waiting, async (database) => {
      await makeDeclaredDatabase(administrator, database, state);
      // Its rules let the migrator into the databases that are declared, and this is none of them.
      const at = await scratchAt(options, administrator, database, undefined);
      return use(at(database));
    });
  }
  assertMajor(live.major);
  return withScratchServer(state.manager, async ({ administrator }) => {
    await makeDeclaredServer(administrator, state);
    waiting.signal.throwIfAborted();
    await makeDeclaredDatabase(administrator, declared.name, state);
    const at = await scratchAt(options, administrator, declared.name, options.migrator);
    const withCopy: Scratch["withCopy"] = (useCopy) =>
      withCopyOf(administrator, declared, (copy) => useCopy(at(copy)));
    return use({ ...at(declared.name), withCopy });
  });
}

async function withCopyOf<Result>(
  administrator: ConnectionTarget,
  { name, settings }: DesiredDatabase,
  use: (copy: string) => Promise<Result>,
): Promise<Result> {
  return withSession(administrator, { applicationName: "pgstead scratch" }, async (maintenance) => {
    const copy = `copy_${randomBytes(4).toString("hex")}`;
    const quoted = quoteIdentifier(copy);
    await maintenance.query(`CREATE DATABASE ${quoted} TEMPLATE ${quoteIdentifier(name)} STRATEGY file_copy`);
    try {
      // A copy has none of what is said of the database itself.
      for (const { sql } of diffSettings({ database: copy }, settings, [])) await maintenance.query(sql);
      return await use(copy);
    } finally {
      await maintenance.query(`DROP DATABASE ${quoted} WITH (FORCE)`);
    }
  });
}

function assertMajor(major: number): void {
  if (major === embeddedMajor()) return;
  throw problemError(
    "scratch server",
    `the server is PostgreSQL ${major}, and the programs here are ${embeddedMajor()}`,
    "say --scratch same-server: a scratch database is then made on the stack's own server",
  );
}

/** Who migrates a scratch database gets a password of its own; copies of it are used alike. */
async function scratchAt(
  { state, owner, waiting, parser }: ScratchOptions,
  administrator: ConnectionTarget,
  database: string,
  migrator: string | undefined,
): Promise<(database: string) => Scratch> {
  const login = await withSession(
    administrator,
    { database, applicationName: "pgstead scratch" },
    async (session) => {
      await prepareHistory(session, migrator, waiting);
      if (migrator === undefined) return administrator;
      const password = generatePassword();
      const verifier = quoteLiteral(scramVerifier(password, randomBytes(16))).trim();
      await session.query(`ALTER ROLE ${quoteIdentifier(migrator)} LOGIN PASSWORD ${verifier}`);
      return { ...administrator, user: migrator, password };
    },
  );
  const limits = { ...defaultLimits, statementTimeoutMs: 0, attempts: 1 };
  const quiet = { ...waiting, say: () => Promise.resolve() };
  const at = (name: string): Scratch => ({
    administrator,
    database: name,
    engine: createEngine({
      database: name,
      login,
      owner,
      watcher: administrator,
      limits,
      waiting: quiet,
      parser,
    }),
    grant: () => grantDeclared(administrator, name, state),
  });
  return at;
}
