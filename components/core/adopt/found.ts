import type { SshWay } from "../ssh/way";
import type { Tls } from "../connection";
import type { ActualExtension, ActualSchema } from "../database/model";
import type { ServerCatalog } from "../server/model";

/** Everything that was read of a live server. */
export interface FoundServer {
  readonly host: string;
  readonly port: number;
  /** Absent: the default for that host. */
  readonly tls?: Tls;
  /** The way there over an SSH host. */
  readonly ssh?: SshWay;
  /** The cluster that it is on its host, such as `17/main`; absent: the host stays as it is. */
  readonly cluster?: string;
  readonly catalog: ServerCatalog;
  readonly superuser: boolean;
  readonly databases: readonly FoundDatabase[];
  /** What ALTER SYSTEM set, as `name=value`; undefined: the login may not know. */
  readonly settings?: readonly string[];
  /** `<project>/<stack>` that adopts it; what another stack has marked as its own is left to that. */
  readonly stack?: string;
  /** Names of the databases that are asked for; absent: all. */
  readonly only?: readonly string[];
  /** How many rules pg_hba.conf has; undefined: the login may not know. */
  readonly rules?: number;
}

export interface FoundDatabase {
  readonly name: string;
  readonly isTemplate: boolean;
  /** What is in it; absent where nobody looked, or could. */
  readonly catalog?: FoundContents;
  /** Why nobody could look into it. */
  readonly reason?: string;
}

/** What of a database's catalogue an adoption looks at. */
export interface FoundContents {
  readonly schemas: readonly Pick<ActualSchema, "name" | "owner">[];
  readonly extensions: readonly Pick<ActualExtension, "name" | "schema">[];
}

/** Something that the configuration cannot say, and what becomes of it. */
export interface AdoptionNote {
  /** What it is, such as `role batch`. */
  readonly subject: string;
  readonly message: string;
}

/** Tells whether the configuration takes a name; undefined: it does, else why not. */
export interface NameRules {
  role(name: string): string | undefined;
  database(name: string): string | undefined;
  schema(name: string): string | undefined;
}

/** A value of the configuration. */
export type Written = string | number | boolean | readonly Written[] | { readonly [key: string]: Written };
export type WrittenMap = Readonly<Record<string, Written>>;

/** The values that are there; what is undefined has its default. */
export function written(values: Readonly<Record<string, Written | undefined>>): WrittenMap {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, Written] => entry[1] !== undefined),
  );
}

/** Nothing, where a value is its default. */
export function unless<Value extends Written>(value: Value, fallback: Value): Value | undefined {
  return value === fallback ? undefined : value;
}
