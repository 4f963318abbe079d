import { randomBytes } from "node:crypto";
import type { ConnectionTarget } from "../../core/connection";
import { quoteIdentifier, quoteLiteral } from "../../core/identifier";
import { defaultLimits } from "../../core/migrations/retry";
import type { SqlParser } from "../../core/migrations/sql-parser";
import { problemError } from "../../core/problem";
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
  /** The live server: its version counts, and it is only touched where the place is `same-server`. */
  readonly live: { readonly administrator: ConnectionTarget; readonly major: number };
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
    return withScratchDatabase(administrator, declared, waiting, async (database) => {
      await makeDeclaredDatabase(administrator, database, state);
      // Its rules let the migrator into the databases that are declared, and this is none of them.
      return use(await scratchOf(options, administrator, database, undefined));
    });
  }
  assertMajor(live.major);
  return withScratchServer(state.manager, async ({ administrator }) => {
    await makeDeclaredServer(administrator, state);
    waiting.signal.throwIfAborted();
    await makeDeclaredDatabase(administrator, declared.name, state);
    return use(await scratchOf(options, administrator, declared.name, options.migrator));
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

async function scratchOf(
  { state, owner, waiting, parser }: ScratchOptions,
  administrator: ConnectionTarget,
  database: string,
  migrator: string | undefined,
): Promise<Scratch> {
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
  return {
    administrator,
    database,
    engine: createEngine({ database, login, owner, watcher: administrator, limits, waiting: quiet, parser }),
    grant: () => grantDeclared(administrator, database, state),
  };
}
