import { z } from "zod";
import { audit } from "./schema-audit";
import { masking } from "./schema-masking";
import { migrations } from "./schema-migrations";
import { roles } from "./schema-role";
import { choice, connectionLimit, flag, map, mapOf, settingValues, text } from "./schema-words";

const roleKeys = (words: string) =>
  z
    .array(text("the key of a role", { description: "Key of a role of this database.", example: "app" }))
    .meta({ allowed: "a list", description: words, example: "[app]" })
    .default([]);

const schema = map(
  {
    owner: text("the key of a role", {
      description: "Role that owns it (`AUTHORIZATION`), and what is in it: a key of this database's roles.",
      example: "audit",
      defaultText: "`owner`; of `public` it is whoever owns the database",
    }).optional(),
    writers: roleKeys("Roles that read and write its rows: keys of this database's roles."),
    readers: roleKeys("Roles that read its rows: keys of this database's roles."),
  },
  {
    description: "A schema, with its owner and who reads and writes its rows.",
    example: "{}",
  },
);

const extension = z.preprocess(
  (written) => (typeof written === "string" ? { name: written } : written),
  map(
    {
      name: text("the name of an extension", {
        description: "Name of the extension, as `CREATE EXTENSION` takes it.",
        example: "pg_trgm",
      }),
      schema: text("the name of a schema", {
        description: "Schema that its objects are made in: one of the database's.",
        example: "public",
      }).default("public"),
      version: text("a version in quotes", {
        description: "Version, in quotes.",
        example: '"1.6"',
        defaultText: "the server's default version",
      }).optional(),
    },
    {
      description: "An extension: its name, or a map with name, schema and version.",
      example: "pg_trgm",
    },
  ).meta({ allowed: "a name or a map" }),
);

export const databaseShape = {
  owner: text("a name", {
    description:
      "Name on the server of the role that owns the database (`OWNER`), where that is not its own role `owner`. Then neither `owner` nor `migrator` is there unless declared.",
    example: "postgres",
    defaultText: "the role `owner`",
  }).optional(),
  encoding: text("an encoding", {
    description:
      "Encoding (`ENCODING`). Fixed at birth: a change is refused. The embedded server has UTF8 only.",
    example: "UTF8",
  }).default("UTF8"),
  locale: text("a locale", {
    description:
      "`LC_COLLATE` and `LC_CTYPE`. Fixed at birth: a change is refused. The embedded server has C only, on top of PostgreSQL's own C.UTF-8: the same order on every platform, upper and lower case of all of Unicode.",
    example: "C",
  }).default("C"),
  ctype: text("a locale", {
    description:
      "`LC_CTYPE`, where it is not the locale. Fixed at birth: a change is refused. The embedded server has C only.",
    example: "de_DE.UTF-8",
    defaultText: "the locale",
  }).optional(),
  template: text("the name of a database", {
    description: "Database that it is copied from (`TEMPLATE`). Fixed at birth: a change is refused.",
    example: "template0",
  }).default("template0"),
  connectionLimit: connectionLimit("the database"),
  privileges: choice(["keep"], {
    description:
      "`keep`: privileges, default privileges, PUBLIC and owners of objects stay as the server has them, and schemas get no groups. For a database that was adopted: remove the line, and the preview shows the way to the profiles.",
    example: "keep",
    defaultText: "as the schemas' readers and writers say",
  }).optional(),
  authoritative: flag({
    description:
      "True: what nobody declared on declared things (privileges of other roles, other members of its groups) is taken away; else it is reported.",
    example: "true",
  }).default(false),
  settings: settingValues({
    description:
      "Settings of every session in it (`ALTER DATABASE … SET`); what else is set is reset. New sessions have them.",
  }).default({}),
  extensions: z
    .array(extension)
    .meta({
      allowed: "a list",
      description: "Extensions, each a name or a map with name, schema and version.",
      example: "[pgcrypto, pg_trgm]",
    })
    .default([]),
  schemas: mapOf(schema, {
    description: "Schemas by name. `public` is always there.",
    example: "{ app: {}, audit: {} }",
  }).default({}),
  roles: roles({
    description:
      "Roles by key, as in `pgstead:roles`, which is the short form for a single database. An owner and a migrator are always there.",
    defaultText: "`owner` and `migrator`",
  }).optional(),
  migrations: migrations({
    description: "Its migrations, as in `pgstead:migrations`, which is the short form for a single database.",
  }).optional(),
  audit: audit({}).optional(),
  masking: masking.optional(),
};

export const databaseName = text("a name", {
  description:
    "Name of the database, at most 63 bytes. A change declares another database, and the loss of this one.",
  example: "shop",
  defaultText: "none, it has to be given",
});
