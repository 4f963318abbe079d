import type { LogFormat, LogLevel } from "../../../components/core/operations/logs/entry";
import type { EventName } from "../../../components/core/operations/logs/kind";

/** What `logs` tells, as JSON: times are ISO strings in UTC. */
export interface LogsData {
  readonly since: string;
  readonly until: string;
  /** Where the files are. */
  readonly place: string;
  readonly files: readonly {
    readonly name: string;
    readonly format: LogFormat;
    readonly sizeBytes: number;
  }[];
  /** Entries of the range that the filters take. */
  readonly entries: number;
  /** Lines that are none of a log. */
  readonly unreadLines: number;
  /** Entries whose group was one too many to be kept. */
  readonly ungrouped: number;
  readonly levels: Readonly<Partial<Record<LogLevel, number>>>;
  /** Groups that the limit left out. */
  readonly leftOut: { readonly messages: number; readonly slow: number };
  readonly messages: readonly LogMessage[];
  readonly slow: readonly LogSlowStatement[];
  readonly events: readonly {
    readonly event: EventName;
    readonly count: number;
    readonly first: string;
    readonly last: string;
    readonly message: string;
  }[];
  readonly temporaryFiles: {
    readonly count: number;
    readonly sizeBytes: number;
    readonly largestBytes: number;
  };
  readonly lockWaits: { readonly count: number; readonly longestMs: number };
  readonly failedLogins: readonly {
    readonly user: string;
    readonly client: string;
    readonly count: number;
  }[];
  readonly remarks: readonly string[];
}

export interface LogMessage {
  readonly level: LogLevel;
  /** SQLSTATE; null: the log does not have it. */
  readonly code: string | null;
  /** Without values; as it is in the log with `--statements`. */
  readonly message: string;
  readonly count: number;
  readonly first: string;
  readonly last: string;
  /** Of the last one: who, and what it sent, without values unless they are asked for. */
  readonly user: string | null;
  readonly database: string | null;
  readonly application: string | null;
  readonly client: string | null;
  readonly statement: string | null;
  /** Holds values: only with `--statements`. */
  readonly detail: string | null;
}

export interface LogSlowStatement {
  readonly count: number;
  readonly totalMs: number;
  readonly meanMs: number;
  readonly longestMs: number;
  readonly first: string;
  readonly last: string;
  readonly user: string | null;
  readonly database: string | null;
  /** Of the longest one, without values unless they are asked for. */
  readonly statement: string;
}
