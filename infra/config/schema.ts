import { z } from "zod";

/**
 * What a key says of itself: the README's reference, Pulumi.yaml's `config` block and the errors are made from it.
 * The descriptions are contracts: PostgreSQL's word, the limit, what a change costs.
 */
export interface KeyMeta {
  readonly description: string;
  /** What is taken, after "is not": `true or false`. */
  readonly allowed: string;
  /** What to write: `54320`. */
  readonly example: string;
  /** The default where it is no constant: `not pgstead:disposable`. */
  readonly defaultText?: string;
  /** Names that people try here, and why they are not known. */
  readonly refused?: Readonly<Record<string, { readonly message: string; readonly hint: string }>>;
}

type Words = Omit<KeyMeta, "allowed">;

const greatestInteger = 2_147_483_647;

function text(allowed: string, words: Words): z.ZodString {
  return z.string().meta({ allowed, ...words });
}

function flag(words: Words): z.ZodBoolean {
  return z.boolean().meta({ allowed: "true or false", ...words });
}

function integer(least: number, greatest: number, words: Words): z.ZodInt {
  const limit = greatest === greatestInteger ? `of ${least} or more` : `from ${least} to ${greatest}`;
  return z
    .int()
    .min(least)
    .max(greatest)
    .meta({ allowed: `a whole number ${limit}`, ...words });
}

function choice<const Values extends readonly [string, ...string[]]>(values: Values, words: Words) {
  return z.enum(values).meta({ allowed: `one of ${values.join(", ")}`, ...words });
}

function map<Shape extends z.ZodRawShape>(shape: Shape, words: Words) {
  return z.strictObject(shape).meta({ allowed: "a map", ...words });
}

function mapOf<Value extends z.ZodType>(value: Value, words: Words) {
  return z.record(z.string(), value).meta({ allowed: "a map", ...words });
}

const connectionLimit = (of: string) =>
  integer(-1, greatestInteger, {
    description: `Sessions that ${of} may have at once (\`CONNECTION LIMIT\`); -1 is no limit. A change ends no session.`,
    example: "40",
  }).default(-1);

const passwordVersion = (words: string) => integer(1, greatestInteger, { description: words, example: "2" });

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

const roles = (words: Partial<Words> = {}) =>
  mapOf(role, {
    description:
      "Roles by key. An `owner` (owns the objects, never logs in) and a `migrator` (logs in to change the schema) are always there.",
    example: "{ app: { login: true, connectionLimit: 40 } }",
    ...words,
  });

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

const databaseShape = {
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

const databaseName = text("a name", {
  description:
    "Name of the database, at most 63 bytes. A change declares another database, and the loss of this one.",
  example: "shop",
  defaultText: "none, it has to be given",
});

const administrator = map(
  {
    name: text("a name", {
      description: "Name of the only superuser. Fixed at birth: a change is refused.",
      example: "postgres",
    }).default("postgres"),
    passwordVersion: passwordVersion("Raise it to rotate the administrator's password.").default(1),
  },
  {
    description: "The superuser that pgstead works as.",
    example: "{ passwordVersion: 2 }",
  },
);

const server = map(
  {
    port: integer(1024, 65_535, {
      description: "Port on 127.0.0.1 (`port`). A change restarts the server.",
      example: "54320",
    }).default(54_320),
    dataDirectory: text("an absolute path", {
      description:
        "Absolute path of the data directory (`data_directory`), of this server alone. A server cannot move: a change is refused.",
      example: "/srv/postgresql/shop",
      defaultText: "one of this checkout and stack, outside the checkout",
    }).optional(),
    restart: choice(["allow", "refuse"], {
      description: "May a change of configuration restart the server? A dead server is started in any case.",
      example: "allow",
      defaultText: "`allow` on a disposable stack, else `refuse`",
    }).optional(),
    administrator: administrator.prefault({}),
  },
  { description: "The server itself.", example: "{ port: 54320 }" },
);

/** Every key of the configuration, without its namespace. */
export const configSchema = z.strictObject({
  target: choice(["embedded", "docker", "existing", "ha"], {
    description:
      "Where the server lives. `embedded` is PostgreSQL 17 from npm on this machine; docker, existing and ha are known and not available yet.",
    example: "embedded",
  }).default("embedded"),
  disposable: flag({
    description:
      "True: `pulumi destroy` takes the server with all its data, and databases are not protected.",
    example: "true",
  }).default(false),
  protect: flag({
    description:
      "Protects the databases in Pulumi's state: deleting one needs `pulumi state unprotect` first.",
    example: "true",
    defaultText: "`auto`, which is true unless the stack is disposable",
  }).optional(),
  allowDataLoss: z
    .array(
      text("`database <name>` or `schema <database>.<schema>`", {
        description: "A loss that may happen.",
        example: "schema shop.old",
      }),
    )
    .meta({
      allowed: "a list",
      description:
        "What may be dropped with its content: `database <name>` or `schema <database>.<schema>`, as a refusal prints it. Remove an entry once the loss happened.",
      example: '["schema shop.old"]',
    })
    .default([]),
  server: server.prefault({}),
  database: map(
    { name: databaseName.optional(), ...databaseShape },
    {
      description: "The database of a stack that has one; its roles may stand in `pgstead:roles`.",
      example: "{ name: shop, schemas: { app: {} } }",
      defaultText: "none, but this or `pgstead:databases` has to be given",
    },
  ).optional(),
  roles: roles({ defaultText: "`owner` and `migrator`" }).optional(),
  databases: mapOf(
    map(databaseShape, {
      description: "A database, by its name.",
      example: "{ schemas: { app: {} } }",
      refused: {
        name: {
          message: "the key of the map is the database's name",
          hint: "remove name, and call the key what the database is to be called",
        },
      },
    }),
    {
      description:
        "The databases of a stack that has several, by name; each has what `pgstead:database` has, and its own roles.",
      example: "{ shop: { schemas: { app: {} } }, billing: {} }",
      defaultText: "none",
    },
  ).optional(),
});

/** The configuration with every type and limit right and the constant defaults filled in. */
export type WrittenConfig = z.output<typeof configSchema>;
export type WrittenDatabase = Omit<NonNullable<WrittenConfig["database"]>, "name">;
export type WrittenRole = NonNullable<WrittenDatabase["roles"]>[string];
