import type { LossGateArgs } from "../backup-gate/place";
import type { SamplePlace } from "../operations/sample-tables";
import { everybody, type AclItem } from "../privileges/acl";
import type { PrivilegesDeclaration } from "../privileges/declaration";
import type { DefaultsCatalog } from "../privileges/default-privileges";

export interface DesiredSchema {
  readonly name: string;
  readonly owner: string;
  /** It holds the trail of an audit. */
  readonly trail?: true;
}

export interface DesiredExtension {
  readonly name: string;
  readonly schema: string;
  /** Default: whatever version is installed; a new one has the server's default version. */
  readonly version?: string;
}

/** What `Access` of scope database declares: schemas and extensions of a database. */
export interface DatabaseAccess {
  readonly database: string;
  readonly schemas: readonly DesiredSchema[];
  readonly extensions: readonly DesiredExtension[];
  readonly allowDataLoss: readonly string[];
  /** Set where samples of statements and sizes are kept in it. */
  readonly samples?: true;
  /** Set where a backup that counts is asked for before anything is lost. */
  readonly gate?: LossGateArgs;
  /** From which the privileges of schemas and the default privileges follow; absent: those stay as they are. */
  readonly privileges?: PrivilegesDeclaration;
}

export interface ActualSchema {
  readonly name: string;
  readonly owner: string;
  /** True for one that an extension brought. */
  readonly ofExtension?: boolean;
  readonly acl: readonly AclItem[];
  /** What it holds, by kind: `table` 3, `function` 1; members of extensions do not count. */
  readonly contents: readonly { readonly kind: string; readonly count: number }[];
  /** What lies elsewhere and depends on what it holds, as `pg_describe_object` names it. */
  readonly dependents: readonly string[];
}

export interface ActualExtension {
  readonly name: string;
  readonly schema: string;
  readonly version: string;
  /** What depends on its members and is none of them, as `pg_describe_object` names it. */
  readonly dependents: readonly string[];
}

export interface DatabaseCatalog extends DefaultsCatalog {
  readonly schemas: readonly ActualSchema[];
  readonly extensions: readonly ActualExtension[];
  /** Tables of samples; absent: nobody asked, or there are none. */
  readonly samples?: SamplePlace;
}

/** A database as `CREATE DATABASE` leaves it, for a plan against one that is not there yet. */
export function newDatabaseCatalog(): DatabaseCatalog {
  const owner = "pg_database_owner";
  const item = (grantee: string) => (privilege: string) => ({
    grantee,
    grantor: owner,
    privilege,
    grantable: false,
  });
  const acl = [...["USAGE", "CREATE"].map(item(owner)), item(everybody)("USAGE")];
  return {
    schemas: [{ name: "public", owner, acl, contents: [], dependents: [] }],
    extensions: [],
    defaults: [],
    all: {
      n: ["USAGE", "CREATE"],
      r: ["INSERT", "SELECT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"],
      S: ["SELECT", "UPDATE", "USAGE"],
      f: ["EXECUTE"],
      T: ["USAGE"],
    },
    unreachable: [],
  };
}
