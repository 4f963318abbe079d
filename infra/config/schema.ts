import { z } from "zod";
import { audit } from "./schema-audit";
import { receiverSecrets } from "./schema-alerts";
import { backup } from "./schema-backup";
import { copySecrets } from "./schema-copies";
import { repositorySecrets } from "./schema-physical";
import { databaseName, databaseShape } from "./schema-database";
import { caKey, docker } from "./schema-docker";
import { drift } from "./schema-drift";
import { administratorPassword } from "./schema-existing";
import { migrations } from "./schema-migrations";
import { monitoring } from "./schema-monitoring";
import { roles } from "./schema-role";
import { security } from "./schema-security";
import { server } from "./schema-server";
import { choice, flag, map, mapOf, text } from "./schema-words";

/** Every key of the configuration, without its namespace. */
export const configSchema = z.strictObject({
  target: choice(["embedded", "docker", "existing", "ha"], {
    description:
      "Where the server lives. `embedded` is PostgreSQL 17 from npm on this machine, `docker` a service of containers on a Docker host, `existing` a server that is there already; ha is known and not available yet.",
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
      text(
        "`database <name>`, `schema <database>.<schema>`, `migration <database>/<file>` or `downgrade <database>/<file>`",
        {
          description: "A loss that may happen.",
          example: "schema shop.old",
        },
      ),
    )
    .meta({
      allowed: "a list",
      description:
        "What may be lost: `database <name>` and `schema <database>.<schema>` with their content, what `migration <database>/<file>` drops or empties, what taking `downgrade <database>/<file>` back drops or empties, as a refusal prints it. Remove an entry once the loss happened.",
      example: '["schema shop.old"]',
    })
    .default([]),
  scratch: choice(["auto", "embedded", "container", "same-server"], {
    description:
      "Where scratch databases are made, for `drift`, `checklist` and `migrate test`: `embedded` on a server of the programs that come with npm, which are of PostgreSQL 17, `container` on one of the stack's own image, `same-server` beside the stack's databases. `--scratch` of a command goes before it.",
    example: "same-server",
    defaultText: "`auto`, which is `container` on target docker, else `embedded`",
  }).default("auto"),
  server: server.prefault({}),
  administratorPassword,
  docker: docker.prefault({}),
  caKey,
  monitoring: monitoring.prefault({}),
  receiverSecrets,
  backup: backup.prefault({}),
  copySecrets,
  repositorySecrets,
  drift: drift.prefault({}),
  security: security.prefault({}),
  database: map(
    { name: databaseName.optional(), ...databaseShape },
    {
      description: "The database of a stack that has one; its roles may stand in `pgstead:roles`.",
      example: "{ name: shop, schemas: { app: {} } }",
      defaultText: "none, but this or `pgstead:databases` has to be given",
    },
  ).optional(),
  roles: roles({ defaultText: "`owner` and `migrator`" }).optional(),
  migrations: migrations({
    description: "Migrations of the database of a stack that has one.",
  }).optional(),
  audit: audit({}).optional(),
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
        "The databases of a stack that has several, by name; each has what `pgstead:database` has, and its own roles and migrations.",
      example: "{ shop: { schemas: { app: {} } }, billing: {} }",
      defaultText: "none",
    },
  ).optional(),
});

/** The configuration with every type and limit right and the constant defaults filled in. */
export type WrittenConfig = z.output<typeof configSchema>;
export type WrittenDatabase = Omit<NonNullable<WrittenConfig["database"]>, "name">;
export type WrittenRole = NonNullable<WrittenDatabase["roles"]>[string];
