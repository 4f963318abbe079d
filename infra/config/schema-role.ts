import { connectionLimit, flag, map, mapOf, passwordVersion, text, type Words } from "./schema-words";

const roleFlag = (sql: string, may: string) =>
  flag({ description: `${may} (\`${sql}\`).`, example: "true" }).default(false);

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
    passwordVersion: passwordVersion("Raise it to rotate the password. The role must log in.")
      .meta({ defaultText: "`1`" })
      .optional(),
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
  },
  {
    description: "A role of the database: a login for a program or a person, or a group.",
    example: "{ login: true }",
    refused: {
      superuser: {
        message: "a role is never superuser here: the administrator is the only one",
        hint: "give the role what it needs: createDatabase, createRole, replication or bypassRowLevelSecurity",
      },
      password: {
        message: "a password does not belong into a configuration file",
        hint: "remove it: passwords are made for you, and `npm run ops -- connection --role <role>` shows them",
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
