import { z } from "zod";
import { flag, map, text } from "./schema-words";

const named = (what: string, example: string) =>
  text(what, { description: `On ${what}, as SQL writes it.`, example }).optional();

const target = map(
  {
    database: flag({ description: "On the role's own database.", example: "true" }).optional(),
    schema: named("a schema", "app"),
    table: named("a table or view with its schema", "app.orders"),
    tablesIn: text("the name of a schema", {
      description: "On every table and view of a schema, now and later.",
      example: "app",
    }).optional(),
    sequence: named("a sequence with its schema", "app.order_number"),
    sequencesIn: text("the name of a schema", {
      description: "On every sequence of a schema, now and later.",
      example: "app",
    }).optional(),
    function: named("a function or procedure with its schema", "app.price(integer)"),
    functionsIn: text("the name of a schema", {
      description: "On every function and procedure of a schema, now and later.",
      example: "app",
    }).optional(),
    type: named("a type or domain with its schema", "app.mood"),
    language: named("a language", "plpgsql"),
    largeObject: text("a number in quotes", {
      description: "On a large object, by its number.",
      example: '"16400"',
    }).optional(),
  },
  { description: "What the grant is on: one key.", example: "{ table: app.orders }" },
);

const texts = (what: string, description: string, example: string) =>
  z
    .array(text(what, { description, example }))
    .meta({ allowed: "a list", description, example: `[${example}]` });

const grant = map(
  {
    on: target,
    privileges: texts("a privilege", "Privileges in PostgreSQL's words, or `ALL`.", "SELECT"),
    columns: texts("a column", "Of a table: these columns only.", "status").optional(),
    grantOption: flag({
      description: "May pass it on (`WITH GRANT OPTION`).",
      example: "true",
    }).default(false),
  },
  {
    description: "A privilege that no schema's readers and writers say.",
    example: "{ on: { table: app.orders }, privileges: [SELECT] }",
  },
);

/** Explicit grants of a role. */
export const grants = z
  .array(grant)
  .meta({
    allowed: "a list",
    description:
      "Privileges that no schema's readers and writers say (`GRANT … ON … TO`). What is in no grant is revoked. What is not there yet is granted once it is.",
    example: "[{ on: { table: app.orders }, privileges: [SELECT, UPDATE], columns: [status] }]",
  })
  .default([]);
