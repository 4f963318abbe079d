import { randomBytes } from "node:crypto";
import type { ConnectionTarget } from "../../core/connection";
import { quoteIdentifier, quoteLiteral } from "../../core/identifier";
import { defaultLimits, type RunLimits } from "../../core/migrations/retry";
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
import type { ContainerModel, ScratchContainer } from "./container";
import { grantDeclared, makeDeclaredDatabase, makeDeclaredServer, type DeclaredState } from "./declared";
import { withScratchDatabase } from "./same-server";
import { withScratchServer } from "./server";

/** Nobody else is there who could be in the way. */
export const scratchLimits: RunLimits = { ...defaultLimits, statementTimeoutMs: 0, attempts: 1 };

/** Where scratch databases are made: on a server of their own, or on the stack's. */
export const scratchPlaces = ["embedded", "container", "same-server"] as const;
export type ScratchPlace = (typeof scratchPlaces)[number];

/** A place with what it needs of the live server. */
export type ScratchHome =
  | {
      readonly place: "embedded";
      /** The live server's version, which has to be that of the programs here. */
      readonly major: number;
      /** What to do where they cannot stand in for it. */
      readonly otherwise: string;
    }
  | { readonly place: "container"; readonly model: ContainerModel }
  | { readonly place: "same-server"; readonly administrator: ConnectionTarget };

export interface ScratchOptions {
  readonly home: ScratchHome;
  /** Network of a server in a container, so that an application's container reaches it; default none. */
  readonly network?: string;
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
  /** Who migrates. */
  readonly login: ConnectionTarget;
  readonly engine: MigrationEngine;
  /** How a container reaches its server that joins its network; absent: there is none, or the stack's own. */
  readonly within?: ScratchContainer["within"];
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
  const { home, state, waiting } = options;
  const declared = declaredOf(state);
  if (home.place === "same-server") {
    const { administrator } = home;
    return withScratchDatabase(administrator, declared, waiting, async (database) => {
      await makeDeclaredDatabase(administrator, database, state, noHelp);
      // Its rules let the migrator into the databases that are declared, and this is none of them.
      const at = await scratchAt(options, administrator, database, undefined);
      return use(at(database));
    });
  }
  return withOwnServer(options, home, async ({ administrator, within }) => {
    await makeDeclaredServer(administrator, state);
    waiting.signal.throwIfAborted();
    const otherwise = home.place === "embedded" ? home.otherwise : noHelp;
    await makeDeclaredDatabase(administrator, declared.name, state, otherwise);
    const at = await scratchAt(options, administrator, declared.name, options.migrator);
    const withCopy: Scratch["withCopy"] = (useCopy) =>
      withCopyOf(administrator, declared, (copy) => useCopy({ ...at(copy), within }));
    return use({ ...at(declared.name), within, withCopy });
  });
}

/** What a server of the stack's own image lacks, the live one has from elsewhere. */
const noHelp = "declare what the server's image has; the live one has it from elsewhere";

function declaredOf({ server }: DeclaredState): DesiredDatabase {
  const [declared] = server.databases;
  if (declared === undefined) throw new Error("a scratch database is of a declared one");
  return declared;
}

async function withOwnServer<Result>(
  { state, waiting, network }: ScratchOptions,
  home: Exclude<ScratchHome, { readonly place: "same-server" }>,
  use: (server: ScratchContainer) => Promise<Result>,
): Promise<Result> {
  if (home.place === "embedded") {
    assertMajor(home);
    return withScratchServer(state.manager, ({ administrator }) => use({ administrator, within: undefined }));
  }
  // What speaks to an engine is loaded where there is one.
  const { withScratchContainer } = await import("./container.js");
  return withScratchContainer(home.model, { administrator: state.manager, network }, waiting, use);
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
      for (const {
        statement: { sql },
      } of diffSettings({ database: copy }, settings, []))
        await maintenance.query(sql);
      return await use(copy);
    } finally {
      await maintenance.query(`DROP DATABASE ${quoted} WITH (FORCE)`);
    }
  });
}

function assertMajor({ major, otherwise }: Extract<ScratchHome, { readonly place: "embedded" }>): void {
  if (major === embeddedMajor()) return;
  const message = `the server is PostgreSQL ${major}, and the programs here are ${embeddedMajor()}`;
  throw problemError("scratch server", message, otherwise);
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
  const quiet = { ...waiting, say: () => Promise.resolve() };
  const at = (name: string): Scratch => ({
    administrator,
    database: name,
    login,
    engine: createEngine({
      database: name,
      login,
      owner,
      watcher: administrator,
      limits: scratchLimits,
      waiting: quiet,
      parser,
    }),
    grant: () => grantDeclared(administrator, name, state),
  });
  return at;
}
