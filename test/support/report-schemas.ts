import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv, { type ValidateFunction } from "ajv";
import { projectRoot } from "../../components/io/places";

type Schema = Record<string, unknown>;

const ajv = new Ajv({ allErrors: true, strict: false });
const validators = new Map<string, ValidateFunction>();

/**
 * Compares what a command printed with `--json` with its published schema: what the schema does not know is a fault as
 * well, as nobody could count on it.
 *
 * @returns what does not fit; empty: all does
 */
export function schemaFaults(text: string): string[] {
  const document = JSON.parse(text) as { readonly command: string | null };
  // A command line that names no command is answered by none.
  const validate = validatorOf(document.command ?? "status");
  if (validate(document)) return [];
  const isFailure = "error" in document;
  return (validate.errors ?? [])
    .filter(
      ({ schemaPath }) =>
        schemaPath.startsWith(`#/oneOf/${isFailure ? 1 : 0}`) || !schemaPath.startsWith("#/oneOf"),
    )
    .map(({ instancePath, message = "", params }) => `${instancePath} ${message} ${JSON.stringify(params)}`);
}

function validatorOf(command: string): ValidateFunction {
  const known = validators.get(command);
  if (known !== undefined) return known;
  const file = join(projectRoot(), "infra/ops/schemas", `${command.replaceAll(" ", "-")}.json`);
  const validate = ajv.compile(closed(JSON.parse(readFileSync(file, "utf8")) as Schema));
  validators.set(command, validate);
  return validate;
}

/** The schema without room for what it does not name. Parts of an intersection know of one thing together. */
function closed(schema: Schema): Schema {
  const definitions = (schema.definitions ?? {}) as Record<string, Schema>;
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== "object" || value === null) return value;
    const node = value as Schema;
    if (Array.isArray(node.allOf)) return visit(merged(node, definitions));
    const entries = Object.entries(node).map(([key, part]) => [key, visit(part)] as const);
    const inside: Schema = Object.fromEntries(entries);
    const isOpen = inside.properties !== undefined && inside.additionalProperties === undefined;
    return isOpen && typeof inside.properties === "object"
      ? { ...inside, additionalProperties: false }
      : inside;
  };
  return visit(schema) as Schema;
}

function merged({ allOf, ...own }: Schema, definitions: Record<string, Schema>): Schema {
  const parts = [own, ...(allOf as Schema[])].map((part) =>
    typeof part.$ref === "string" ? (definitions[part.$ref.replace("#/definitions/", "")] ?? {}) : part,
  );
  return {
    ...own,
    type: "object",
    properties: Object.fromEntries(
      parts.flatMap(({ properties = {} }) => Object.entries(properties as Schema)),
    ),
    required: [...new Set(parts.flatMap(({ required = [] }) => required as string[]))],
  };
}
