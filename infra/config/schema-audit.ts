import { z } from "zod";
import { flag, map, mapOf, text, type Words } from "./schema-words";

const table = z.preprocess(
  (written) => (typeof written === "boolean" ? { audited: written } : written),
  map(
    {
      audited: flag({
        description: "False: its changes are not recorded. Written in short: `app.sessions: false`.",
        example: "false",
      }).default(true),
      exclude: z
        .array(text("a column", { description: "A column.", example: "card_number" }))
        .meta({
          allowed: "a list",
          description:
            "Columns whose values are not recorded, such as secrets; that a row changed is. None of the primary key.",
          example: "[card_number]",
        })
        .default([]),
    },
    {
      description: "A table, by its name with its schema; its partitions follow it.",
      example: "{ exclude: [card_number] }",
    },
  ).meta({ allowed: "true, false or a map" }),
);

const classes = ["read", "write", "function", "role", "ddl", "misc", "misc_set", "all"] as const;

/** `true` is what the trail has not: who changed roles and the schema, and the text of what was written. */
export const usualClasses: readonly string[] = ["write", "ddl", "role"];

const pgaudit = z.preprocess(
  (written) => (written === true ? usualClasses : written === false ? [] : written),
  z
    .array(
      z.enum(classes).meta({
        allowed: `one of ${classes.join(", ")}`,
        description: "A class of statements.",
        example: "write",
      }),
    )
    .meta({ allowed: "true, false or a list" }),
);

/** What is recorded of the changes in a database. */
export const audit = (words: Partial<Words>) =>
  map(
    {
      schemas: z
        .array(text("the name of a schema", { description: "A declared schema.", example: "app" }))
        .meta({
          allowed: "a list",
          description:
            "Schemas of which every table is audited, also those that are made later. A table needs a primary key.",
          example: "[app]",
        })
        .default([]),
      tables: mapOf(table, {
        description:
          "Single tables by name: `true`, `false` for one that is left out, or a map. What is not there yet is audited once it is.",
        example: "{ app.orders: { exclude: [card_number] }, app.sessions: false }",
      }).default({}),
      retention: text("a time such as 24 months, 2 years or 90 days", {
        description:
          "How long entries are kept: months that are older are dropped by `ops audit maintain`, in containers every night.",
        example: "24 months",
        defaultText: "for ever",
      }).optional(),
      ddl: flag({
        description:
          "Records changes of the schema as well (an event trigger, which takes a superuser): what, by whom, and not the statement.",
        example: "false",
      }).default(true),
      pgaudit: pgaudit
        .meta({
          description:
            "Statements in the server's log, by pgaudit (`pgaudit.log` of this database): `true` for write, ddl and role, or a list of classes. Loads a library, which restarts the server. Not on the embedded server.",
          example: "true",
        })
        .default([]),
    },
    {
      description:
        "The trail `audit.change_log`: who changed which row, from what to what. Makes schema `audit` and its owner, the role `audit`.",
      example: "{ schemas: [app] }",
      defaultText: "nothing is recorded",
      ...words,
    },
  );
