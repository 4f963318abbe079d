import type { ConnectionTarget } from "../../components/core/connection";
import { parseConnectionUri, renderPlace } from "../../components/core/connection";
import {
  maintenanceDatabase,
  ServerFullError,
  type Session,
  type SessionOptions,
} from "../../components/io/session";
import type { CommandContext } from "./command";
import type { StackOutputs } from "./outputs";
import { keepSessions, lookInto } from "./sessions";

/** Looks at a stack's server with no more rights than looking needs. */
export interface Watcher {
  /** Where the server is, for people: `127.0.0.1:54320`. */
  readonly place: string;
  /** Names of the declared databases, sorted. */
  readonly databases: readonly string[];
  /** How old the passwords are, as the last `up` has it; absent: it was of a version that did not keep that. */
  readonly credentials: StackOutputs["credentials"];
  /** The role that looks into a database: the stack's role of profile `monitor` where one may, else the administrator: after a look the one that got in. */
  roleFor(database: string): string;
  /**
   * Looks into a database, or `postgres`: read-only, with bounds of 5 s for the login and 10 s for a statement.
   *
   * @throws ServerUnreachableError, LoginRefusedError
   */
  look<Result>(database: string, look: (session: Session) => Promise<Result>): Promise<Result>;
  /**
   * The same for what `pg_monitor` may not see.
   *
   * @param more statementTimeoutMs: 0 for what reads whole tables; a server that hangs is then waited for
   */
  asAdministrator<Result>(
    database: string,
    look: (session: Session) => Promise<Result>,
    more?: Pick<SessionOptions, "statementTimeoutMs">,
  ): Promise<Result>;
}

/** Opened once for a command, however often it looks: reading the state takes a second. */
const opened = new WeakMap<CommandContext, Promise<Watcher>>();

/**
 * Finds out how a stack's server is looked at.
 *
 * @throws CannotTellError where the stack was never deployed
 */
export function openWatcher(context: CommandContext): Promise<Watcher> {
  const known = opened.get(context);
  if (known !== undefined) return known;
  const watcher = findWatcher(context);
  opened.set(context, watcher);
  // What failed may work at the next look.
  watcher.catch(() => opened.delete(context));
  return watcher;
}

/**
 * A context for commands that run one after the other: the state is read once, and their looks share sessions.
 *
 * @returns close: to be called once they are done
 */
export function shareLooks(context: CommandContext): {
  readonly context: CommandContext;
  readonly close: () => Promise<void>;
} {
  const kept = keepSessions();
  const read = new Map<string, ReturnType<CommandContext["outputs"]>>();
  const shared: CommandContext = {
    ...context,
    outputs(other = context.stack) {
      const known = read.get(other) ?? context.outputs(other);
      read.set(other, known);
      return known;
    },
  };
  ways.set(shared, kept.lookInto);
  return { context: shared, close: () => kept.close() };
}

/** How a context's watcher gets in, where it is not over a session for each look. */
const ways = new WeakMap<CommandContext, typeof lookInto>();

async function findWatcher(context: CommandContext): Promise<Watcher> {
  const { config, outputs } = context;
  const lookOver = ways.get(context) ?? lookInto;
  const found = await outputs();
  const { administrator } = found;
  const monitors = monitorsOf(config.databases, found);
  const targetFor = (database: string): ConnectionTarget =>
    (database === maintenanceDatabase ? [...monitors.values()][0] : monitors.get(database)) ?? administrator;
  /** Databases that the administrator had to look into the last time. */
  const helped = new Set<string>();
  return {
    place: renderPlace(administrator),
    databases: config.databases.map(({ name }) => name),
    credentials: found.credentials,
    roleFor: (database) => (helped.has(database) ? administrator : targetFor(database)).user,
    // Before PostgreSQL 16 a monitor has no reserved connection, and later on few: on a full server the administrator
    // still gets in.
    look: async (database, look) => {
      const target = targetFor(database);
      try {
        const answer = await lookOver(target, database, look);
        helped.delete(database);
        return answer;
      } catch (error) {
        if (!(error instanceof ServerFullError) || target === administrator) throw error;
        const answer = await lookOver(administrator, database, look);
        helped.add(database);
        return answer;
      }
    },
    // A session of its own where its bounds are others.
    asAdministrator: (database, look, more) =>
      more === undefined
        ? lookOver(administrator, database, look)
        : lookInto(administrator, database, look, more),
  };
}

/** The way in of each database's role of profile `monitor`: the way of the administrator, with its own name and password. */
function monitorsOf(
  databases: CommandContext["config"]["databases"],
  { administrator, logins }: StackOutputs,
): Map<string, ConnectionTarget> {
  const found = databases.flatMap(({ name, roles }): [string, ConnectionTarget][] => {
    const monitor = roles.find(
      ({ login, profile, turn }) => login && profile === "monitor" && turn?.is !== "former",
    );
    const own = logins.find(({ database, role }) => database === name && role === monitor?.name);
    if (own === undefined) return [];
    const { user, password } = parseConnectionUri(own.uri);
    return [[name, { ...administrator, user, password }]];
  });
  return new Map(found);
}
