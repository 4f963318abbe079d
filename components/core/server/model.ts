import type { LossGateArgs } from "../backup-gate/place";
import type { Capabilities } from "../capabilities";
import type { Profile } from "../groups";
import { defaultAcl } from "./acl";
import type { ActualDatabase, DesiredDatabase } from "./database";
import type { ActualMembership } from "./membership";
import type { OwnerPlace } from "./owner-row";
import type { ActualRole, DesiredRole } from "./role";
import type { ActualSettings } from "./role-settings";

/** A schema's readers or writers: a role of our own that nobody logs in as. */
export interface DesiredGroup {
  readonly name: string;
  readonly database: string;
  readonly schema: string;
  readonly profile: Profile;
}

/** What `Access` of scope server declares: the roles and databases of a server. */
export interface ServerAccess {
  readonly roles: readonly DesiredRole[];
  readonly groups: readonly DesiredGroup[];
  readonly databases: readonly DesiredDatabase[];
  /** Losses that the configuration allows: `database <name>`, `schema <database>.<schema>`. */
  readonly allowDataLoss: readonly string[];
  /** Set where a backup that counts is asked for before anything is lost. */
  readonly gate?: LossGateArgs;
  /** True where the databases are protected in Pulumi's state. */
  readonly protect: boolean;
  /** `<project>/<stack>`, where this stack owns what belongs to the whole server. */
  readonly stack?: string;
  /** `<project>/<stack>`, where other stacks may be on the server: databases and roles are marked as this one's. */
  readonly markedAs?: string;
  /** True where nobody else has roles or databases on the server: others are drift. */
  readonly exclusive?: boolean;
  /** Databases that every server has and PUBLIC may not connect to, with who may. */
  readonly closed: readonly { readonly name: string; readonly connect: readonly string[] }[];
}

/** What the server has. */
export interface ServerCatalog {
  /** Major version, such as 17. */
  readonly major: number;
  readonly roles: readonly ActualRole[];
  /** Roles that PostgreSQL makes itself (`pg_…`); undefined where the server was not read. */
  readonly predefined: readonly string[] | undefined;
  readonly databases: readonly ActualDatabase[];
  readonly memberships: readonly ActualMembership[];
  readonly settings: readonly ActualSettings[];
  /** The role of initdb: PostgreSQL writes it down as the grantor of what superusers grant. */
  readonly bootstrap: string;
  readonly owner: OwnerPlace;
  /** The managing login. */
  readonly manager: string;
  /** What it may do; undefined where another login reads for it. */
  readonly capabilities?: Capabilities;
}

/** A server as initdb leaves it, for a plan against one that is not there yet. */
export function newServerCatalog(manager: string): ServerCatalog {
  const common = { owner: manager, encoding: "UTF8", lcCollate: "C", lcCtype: "C", sizeBytes: null };
  const limits = { connectionLimit: -1, allowConnections: true };
  const born = (name: string) => ({ name, ...common, ...limits, acl: defaultAcl(manager) });
  return {
    major: 17,
    roles: [],
    predefined: undefined,
    databases: [born("postgres"), born("template1")],
    memberships: [],
    settings: [],
    bootstrap: manager,
    owner: { hasSchema: false, hasTable: false, row: undefined, mayCreate: true },
    manager,
  };
}
