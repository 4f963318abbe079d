import { z } from "zod";
import { rotations } from "../../components/core/credentials/turns";
import { grants } from "./schema-grants";
import {
  choice,
  connectionLimit,
  flag,
  map,
  mapOf,
  passwordVersion,
  settingValues,
  text,
  type Words,
} from "./schema-words";

const roleFlag = (sql: string, may: string) =>
  flag({ description: `${may} (\`${sql}\`).`, example: "true" }).default(false);

const membershipFlag = (sql: string, may: string) =>
  flag({ description: `${may} (\`${sql}\`).`, example: "true" });

const membership = z.preprocess(
  (written) => (typeof written === "string" ? { role: written } : written),
  map(
    {
      role: text("the key of a role, or a name", {
        description: "Key of a role of this database, else the name of a role on the server.",
        example: "pg_signal_backend",
      }),
      admin: membershipFlag("ADMIN", "May give the membership to others").default(false),
      inherit: membershipFlag(
        "INHERIT",
        "Has the role's privileges without SET ROLE; PostgreSQL 16 and newer",
      ).default(true),
      set: membershipFlag("SET", "May become the role by SET ROLE; PostgreSQL 16 and newer").default(true),
    },
    {
      description: "A membership: a role, or a map with role, admin, inherit and set.",
      example: "reporting",
    },
  ).meta({ allowed: "a role or a map" }),
);

const role = map(
  {
    name: text("a name", {
      description: "Name on the server, at most 63 bytes. A change declares another role.",
      example: "shop_api",
      defaultText: "`<database>_<key>`",
    }).optional(),
    login: flag({
      description: "May log in (`LOGIN`), with a password that is made once and kept encrypted in the state.",
      example: "true",
      defaultText: "`false`, and `true` for `migrator`",
    }).optional(),
    connectionLimit: connectionLimit("the role"),
    password: choice(["keep"], {
      description:
        "`keep`: the password that the role has on the server stays, is not known here, and is never changed. A password itself has no place here.",
      example: "keep",
      defaultText: "one that is made once",
    })
      .meta({ secret: true })
      .optional(),
    passwordVersion: passwordVersion("Raise it to rotate the password. The role must log in.")
      .meta({ defaultText: "`1`" })
      .optional(),
    rotation: choice(rotations, {
      description:
        "`dual`: two logins take turns, `<name>` and `<name>_2`, alike in everything (each has the connectionLimit): raising passwordVersion by one gives the other one a new password and makes it the current one, and the former works until the next time, so that no client fails. `dual-finished` shuts the former out before (`NOLOGIN`).",
      example: "dual",
      defaultText: "`single`: one login, whose old password ends with the new one",
    }).optional(),
    inherit: flag({
      description: "Has the privileges of the roles that it is a member of (`INHERIT`).",
      example: "false",
    }).default(true),
    createDatabase: roleFlag("CREATEDB", "May create databases"),
    createRole: roleFlag("CREATEROLE", "May create roles"),
    replication: roleFlag(
      "REPLICATION",
      "May stream the write-ahead log, which is the content of every database",
    ),
    bypassRowLevelSecurity: roleFlag("BYPASSRLS", "Sees all rows, whatever row level security says"),
    validUntil: text("a moment such as 2030-01-01T00:00:00Z", {
      description: "Moment from which the password is refused (`VALID UNTIL`); without a zone it is UTC.",
      example: '"2030-01-01T00:00:00Z"',
      defaultText: "never",
    }).optional(),
    profile: choice(["backup", "monitor"], {
      description:
        "What the role is for, where that reaches the whole server: `backup` reads everything (`pg_read_all_data`, `BYPASSRLS`), `monitor` sees what the server does (`pg_monitor`, and from 16 on `pg_use_reserved_connections`) and may connect to `postgres` as well.",
      example: "monitor",
      defaultText: "none: the role has what its schemas say",
    }).optional(),
    memberOf: z
      .array(membership)
      .meta({
        allowed: "a list",
        description:
          "Roles that it belongs to, beside the groups of schemas (`GRANT … TO`). Every other membership is revoked.",
        example: "[pg_signal_backend, { role: reporting, set: false }]",
      })
      .default([]),
    settings: settingValues({
      description:
        "Settings of its sessions (`ALTER ROLE … SET`); what else is set is reset. New sessions have them. Everybody may read them: nothing secret.",
    }).default({}),
    databaseSettings: settingValues({
      description: "Settings of its sessions in this database (`ALTER ROLE … IN DATABASE … SET`).",
    }).default({}),
    grants,
    retired: choice(["reassign", "keep"], {
      description:
        "Takes LOGIN, memberships and privileges. `reassign` gives what it owns to the owner of each database, so that the entry can go afterwards; `keep` leaves its objects with it.",
      example: "reassign",
      defaultText: "in use",
    }).optional(),
  },
  {
    description: "A role of the database: a login for a program or a person, or a group.",
    example: "{ login: true }",
    refused: {
      superuser: {
        message: "a role is never superuser here: the administrator is the only one",
        hint: "give the role what it needs: createDatabase, createRole, replication or bypassRowLevelSecurity",
      },
    },
  },
);

export const roles = (words: Partial<Words> = {}) =>
  mapOf(role, {
    description:
      "Roles by key. An `owner` (owns the objects, never logs in) and a `migrator` (logs in to change the schema) are always there.",
    example: "{ app: { login: true, connectionLimit: 40 } }",
    ...words,
  });
