import type { LogEntry, LogLevel } from "./entry";
import { logLevels } from "./entry";
import { eventNames, kindOf, type EventName } from "./kind";
import { messageShape, statementShape } from "./shape";

/** Which entries count. */
export interface LogFilter {
  /** In milliseconds; the end is not a part of it. */
  readonly since: number;
  readonly until: number;
  /** This level and worse; default: WARNING. */
  readonly level?: LogLevel;
  readonly user?: string;
  readonly database?: string;
  /** Slow statements from so many milliseconds on. */
  readonly slowMs: number;
}

/** Entries that say the same. */
export interface MessageGroup {
  readonly level: LogLevel;
  readonly code: string | null;
  /** Without values. */
  readonly message: string;
  readonly count: number;
  /** In milliseconds. */
  readonly first: number;
  readonly last: number;
  /** Of the last one, with its values. */
  readonly example: Pick<
    LogEntry,
    "message" | "detail" | "statement" | "user" | "database" | "application" | "client"
  >;
}

/** The same statement with whatever values. */
export interface SlowGroup {
  readonly count: number;
  readonly totalMs: number;
  readonly longestMs: number;
  readonly first: number;
  readonly last: number;
  /** The longest one, with its values. */
  readonly statement: string;
  readonly user: string | null;
  readonly database: string | null;
}

export interface LogSummary {
  /** Entries within the range that the filter takes. */
  readonly entries: number;
  readonly levels: Readonly<Partial<Record<LogLevel, number>>>;
  readonly messages: readonly MessageGroup[];
  readonly slow: readonly SlowGroup[];
  readonly events: Readonly<Partial<Record<EventName, EventCount>>>;
  readonly temporaryFiles: { readonly count: number; readonly bytes: number; readonly largest: number };
  readonly lockWaits: { readonly count: number; readonly longestMs: number };
  /** Refused logins by whom and from where, the most first. */
  readonly failedLogins: readonly {
    readonly user: string;
    readonly client: string;
    readonly count: number;
  }[];
  /** Most deadlocks in ten minutes. */
  readonly deadlocksInTenMinutes: number;
  /** Entries whose group was one too many to be kept. */
  readonly ungrouped: number;
}

export interface EventCount {
  readonly count: number;
  readonly first: number;
  readonly last: number;
  /** Without values. */
  readonly message: string;
}

/** Groups of one kind that are kept: a log of nothing but different messages must not take the memory. */
const mostGroups = 2_000;

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** Takes entries one by one, in about the order of their moments, and keeps no more than the groups. */
export interface LogCollector {
  add(entry: LogEntry): void;
  /**
   * Counts an entry of level LOG, within the range, whose message tells nothing; undefined: the filter asks for who caused
   * it, or for messages of that level.
   */
  readonly addRoutine: (() => void) | undefined;
  summary(): LogSummary;
}

interface State {
  entries: number;
  ungrouped: number;
  readonly levels: Partial<Record<LogLevel, number>>;
  readonly messages: Map<string, Mutable<MessageGroup>>;
  readonly slow: Map<string, Mutable<SlowGroup>>;
  readonly events: Partial<Record<EventName, Mutable<EventCount>>>;
  readonly temporaryFiles: Mutable<LogSummary["temporaryFiles"]>;
  readonly lockWaits: Mutable<LogSummary["lockWaits"]>;
  readonly logins: Map<string, Mutable<LogSummary["failedLogins"][number]>>;
  readonly deadlocks: DeadlockWindow;
}

export function collectLog(filter: LogFilter): LogCollector {
  const state: State = {
    entries: 0,
    ungrouped: 0,
    levels: {},
    messages: new Map(),
    slow: new Map(),
    events: {},
    temporaryFiles: { count: 0, bytes: 0, largest: 0 },
    lockWaits: { count: 0, longestMs: 0 },
    logins: new Map(),
    deadlocks: new DeadlockWindow(),
  };
  return {
    add(entry) {
      if (isWanted(entry, filter)) addEntry(state, entry, filter);
    },
    addRoutine: isAnyones(filter)
      ? () => {
          state.entries += 1;
          state.levels.LOG = (state.levels.LOG ?? 0) + 1;
        }
      : undefined,
    summary: () => summaryOf(state),
  };
}

function isAnyones({ level = "WARNING", user, database }: LogFilter): boolean {
  return user === undefined && database === undefined && logLevels.indexOf(level) > logLevels.indexOf("LOG");
}

function isWanted(entry: LogEntry, { since, until, user, database }: LogFilter): boolean {
  return (
    entry.at >= since &&
    entry.at < until &&
    (user === undefined || entry.user === user) &&
    (database === undefined || entry.database === database)
  );
}

function addEntry(state: State, entry: LogEntry, { level = "WARNING", slowMs }: LogFilter): void {
  state.entries += 1;
  state.levels[entry.level] = (state.levels[entry.level] ?? 0) + 1;
  const found = kindOf(entry);
  switch (found.kind) {
    case "slow":
      if (found.milliseconds >= slowMs) addSlow(state, entry, found);
      return;
    case "temporaryFile":
      state.temporaryFiles.count += 1;
      state.temporaryFiles.bytes += found.bytes;
      state.temporaryFiles.largest = Math.max(state.temporaryFiles.largest, found.bytes);
      return;
    case "lockWait":
      state.lockWaits.count += 1;
      state.lockWaits.longestMs = Math.max(state.lockWaits.longestMs, found.milliseconds);
      return;
    case "error":
    case "other":
      break;
    default:
      addEvent(state, entry, found.kind);
  }
  if (logLevels.indexOf(entry.level) >= logLevels.indexOf(level)) addMessage(state, entry);
}

/** What the collector keeps of texts: most of a statement that is megabytes long tells nothing. */
const keptText = 4_000;

function kept(text: string): string {
  // A slice by itself would hold on to the whole text that it was cut from.
  return text.length <= keptText ? text : (JSON.parse(JSON.stringify(text.slice(0, keptText))) as string);
}

function addMessage(state: State, entry: LogEntry): void {
  const { level, at, code = null } = entry;
  const shape = messageShape(entry.message);
  const key = `${level} ${code ?? ""} ${shape}`;
  const known = state.messages.get(key);
  if (known === undefined) {
    if (state.messages.size >= mostGroups) {
      state.ungrouped += 1;
      return;
    }
    const group = {
      level,
      code,
      message: kept(shape),
      count: 1,
      first: at,
      last: at,
      example: exampleOf(entry),
    };
    state.messages.set(kept(key), group);
    return;
  }
  known.count += 1;
  known.first = Math.min(known.first, at);
  if (at < known.last) return;
  known.last = at;
  known.example = exampleOf(entry);
}

function exampleOf(entry: LogEntry): MessageGroup["example"] {
  const { message, detail, statement, user, database, application, client } = entry;
  const texts = { message, detail, statement, user, database, application, client };
  return Object.fromEntries(
    Object.entries(texts).flatMap(([name, value]) => (value === undefined ? [] : [[name, kept(value)]])),
  ) as unknown as MessageGroup["example"];
}

function addSlow(
  state: State,
  entry: LogEntry,
  { milliseconds, statement }: { readonly milliseconds: number; readonly statement: string },
): void {
  const { at, user, database } = entry;
  const key = `${database ?? ""} ${statementShape(statement)}`;
  const known = state.slow.get(key);
  if (known === undefined) {
    if (state.slow.size >= mostGroups) {
      state.ungrouped += 1;
      return;
    }
    const times = { count: 1, totalMs: milliseconds, longestMs: milliseconds, first: at, last: at };
    state.slow.set(kept(key), {
      ...times,
      statement: kept(statement),
      user: user ?? null,
      database: database ?? null,
    });
    return;
  }
  known.count += 1;
  known.totalMs += milliseconds;
  known.first = Math.min(known.first, at);
  known.last = Math.max(known.last, at);
  if (milliseconds <= known.longestMs) return;
  known.longestMs = milliseconds;
  known.statement = kept(statement);
}

function addEvent(state: State, entry: LogEntry, name: EventName): void {
  const { at, message, user = "", client = "" } = entry;
  const known = state.events[name];
  if (known === undefined)
    state.events[name] = { count: 1, first: at, last: at, message: messageShape(message) };
  else {
    known.count += 1;
    known.first = Math.min(known.first, at);
    known.last = Math.max(known.last, at);
    known.message = messageShape(message);
  }
  if (name === "deadlock") state.deadlocks.add(at);
  if (name !== "loginFailed") return;
  const key = `${user} ${client}`;
  const login = state.logins.get(key);
  if (login !== undefined) login.count += 1;
  else if (state.logins.size < mostGroups) state.logins.set(key, { user, client, count: 1 });
}

const tenMinutes = 600_000;

/** The most in any ten minutes; no more moments are kept than fall into them, up to a bound. */
class DeadlockWindow {
  most = 0;
  private recent: number[] = [];

  add(at: number): void {
    this.recent = [...this.recent.filter((one) => one > at - tenMinutes), at].slice(-1_000);
    this.most = Math.max(this.most, this.recent.length);
  }
}

function summaryOf(state: State): LogSummary {
  const { entries, ungrouped, levels, temporaryFiles, lockWaits } = state;
  return {
    ...{ entries, ungrouped, levels, temporaryFiles, lockWaits },
    messages: [...state.messages.values()].toSorted(
      (a, b) =>
        logLevels.indexOf(b.level) - logLevels.indexOf(a.level) || b.count - a.count || b.last - a.last,
    ),
    slow: [...state.slow.values()].toSorted((a, b) => b.totalMs - a.totalMs),
    events: Object.fromEntries(
      eventNames.flatMap((name) => (state.events[name] === undefined ? [] : [[name, state.events[name]]])),
    ),
    failedLogins: [...state.logins.values()].toSorted((a, b) => b.count - a.count),
    deadlocksInTenMinutes: state.deadlocks.most,
  };
}
