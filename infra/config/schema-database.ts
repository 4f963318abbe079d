import { z } from "zod";
import { roles } from "./schema-role";
import { connectionLimit, map, mapOf, text } from "./schema-words";

const schema = map(
  {},
  {
    description: "A schema; it has no settings yet, so write `{}`.",
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
  template: text("the name of a database", {
    description: "Database that it is copied from (`TEMPLATE`). Fixed at birth: a change is refused.",
    example: "template0",
  }).default("template0"),
  connectionLimit: connectionLimit("the database"),
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
};

export const databaseName = text("a name", {
  description:
    "Name of the database, at most 63 bytes. A change declares another database, and the loss of this one.",
  example: "shop",
  defaultText: "none, it has to be given",
});
