import type { Shape } from "../shared/attribute";
import { wrongIdentifier, wrongSearchPath } from "./names";
import { officialPlugin } from "./version";

/** What an input of a role may be. */
export const roleShape: Shape = {
  plugin: officialPlugin,
  type: "Role",
  attributes: {
    name: { kind: "text", required: true, verify: wrongIdentifier },
    login: { kind: "flag", default: false },
    superuser: { kind: "flag", default: false },
    createDatabase: { kind: "flag", default: false },
    createRole: { kind: "flag", default: false },
    inherit: { kind: "flag", default: true },
    replication: { kind: "flag", default: false },
    bypassRowLevelSecurity: { kind: "flag", default: false },
    connectionLimit: { kind: "integer", minimum: -1, default: -1 },
    password: { kind: "text" },
    encryptedPassword: { kind: "flag", default: true },
    validUntil: { kind: "text", default: "infinity" },
    roles: { kind: "texts", set: true, verify: wrongIdentifier },
    searchPaths: { kind: "texts", verify: wrongSearchPath },
    statementTimeout: { kind: "integer" },
    idleInTransactionSessionTimeout: { kind: "integer" },
    skipDropRole: { kind: "flag", default: false },
    skipReassignOwned: { kind: "flag", default: false },
  },
  refused: ["assumeRole", "encrypted", "passwordWo", "passwordWoVersion"],
};

/** A role's inputs or state, without secrets' wrappers and in the shape that `check` has proven. */
export interface RoleValues {
  readonly name: string;
  readonly login?: boolean;
  readonly superuser?: boolean;
  readonly createDatabase?: boolean;
  readonly createRole?: boolean;
  readonly inherit?: boolean;
  readonly replication?: boolean;
  readonly bypassRowLevelSecurity?: boolean;
  readonly connectionLimit?: number;
  readonly password?: string | null;
  readonly encryptedPassword?: boolean;
  readonly validUntil?: string;
  readonly roles?: readonly string[] | null;
  readonly searchPaths?: readonly string[] | null;
  readonly statementTimeout?: number;
  readonly idleInTransactionSessionTimeout?: number;
  readonly skipDropRole?: boolean;
  readonly skipReassignOwned?: boolean;
}
