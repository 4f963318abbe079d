import { join } from "node:path";
import { buildGenerator, programFromConfig, type Definition } from "typescript-json-schema";

/** A JSON schema (draft 7) of what a command prints with `--json`. */
export interface PublishedSchema {
  /** From the project's directory. */
  readonly file: string;
  readonly text: string;
}

/** Directory of the published schemas. */
export const schemaDirectory = "infra/ops/schemas";

type Definitions = Readonly<Record<string, Definition>>;

/** The schema of every command, from the types of what it reports: nobody writes one by hand. */
export function renderReportSchemas(project: string): PublishedSchema[] {
  const source = join(project, schemaDirectory, "report-data.ts");
  const program = programFromConfig(join(project, "tsconfig.check.json"), [source]);
  // `npm run check` has the types checked already.
  const generator = buildGenerator(program, { required: true, strictNullChecks: true, ignoreErrors: true });
  if (generator === null) throw new Error(`no schema can be made of ${source}`);
  const { properties = {}, definitions = {} } = generator.getSchemaForSymbol("ReportData");
  const envelopes = ["ReportDocument", "FailureDocument"].map((name) => generator.getSchemaForSymbol(name));
  const all = { ...(definitions as Definitions), ...envelopeDefinitions(envelopes) };
  return Object.entries(properties).map(([command, data]) => ({
    file: `${schemaDirectory}/${command.replaceAll(" ", "-")}.json`,
    text: renderSchema(command, data as Definition, envelopes, all),
  }));
}

function envelopeDefinitions(envelopes: readonly Definition[]): Definitions {
  return Object.assign({}, ...envelopes.map(({ definitions = {} }) => definitions)) as Definitions;
}

function renderSchema(
  command: string,
  data: Definition,
  [report = {}, failure = {}]: readonly Definition[],
  definitions: Definitions,
): string {
  const branches = [
    withProperties(report, { command: { const: command }, data }),
    withProperties(failure, { command: { enum: [command, null] } }),
  ].map((branch) => ordered(inlined(branch, definitions)));
  const { const: version } = (report.properties?.schemaVersion ?? {}) as { readonly const?: number };
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    $id: `urn:pgstead:ops:${command.replaceAll(" ", "-")}:${version ?? 0}`,
    title: `npm run ops -- ${command} --json`,
    oneOf: branches,
    definitions: usedBy(branches, definitions),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function withProperties(
  { type, properties = {}, required = [] }: Definition,
  more: Readonly<Record<string, Definition>>,
): Definition {
  return { type: type ?? "object", properties: { ...properties, ...more }, required };
}

const reference = "#/definitions/";

/** The definitions that a schema names, and those that they name. */
function usedBy(schemas: readonly unknown[], definitions: Definitions): Definitions {
  const used = new Map<string, Definition>();
  const visit = (value: unknown): void => {
    for (const name of namesIn(value)) {
      if (used.has(name)) continue;
      const definition = ordered(inlined(definitions[name] ?? {}, definitions));
      used.set(name, definition);
      visit(definition);
    }
  };
  schemas.forEach(visit);
  return Object.fromEntries([...used].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Lists in a schema that are sets. */
const sets: ReadonlySet<string> = new Set(["anyOf", "enum", "required", "type"]);

/** The compiler orders by what it met first, so that a change of any other type would move keys and words of this one. */
function ordered<Value>(value: Value, key = ""): Value {
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => ordered(item));
    return (sets.has(key) ? items.toSorted(byText) : items) as Value;
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value as Definitions).map(
    ([name, inside]) => [name, ordered(inside, name)] as const,
  );
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1))) as Value;
}

function byText(a: unknown, b: unknown): number {
  const [one, other] = [JSON.stringify(a), JSON.stringify(b)];
  return one < other ? -1 : Number(one > other);
}

/** The names of all references in a schema. */
function namesIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inside]) =>
    key === "$ref" && typeof inside === "string" ? [inside.slice(reference.length)] : namesIn(inside),
  );
}

/** A type without a name of its own, `Omit<Backup,"id">`, stands where it is used: its text is no address. */
function inlined<Value>(value: Value, definitions: Definitions): Value {
  if (Array.isArray(value)) return value.map((item: unknown) => inlined(item, definitions)) as Value;
  if (typeof value !== "object" || value === null) return value;
  const { $ref } = value as { readonly $ref?: string };
  const name = $ref === undefined ? undefined : decodeURIComponent($ref.slice(reference.length));
  if (name !== undefined && !/^\w+$/.test(name))
    return inlined(definitions[name] ?? {}, definitions) as Value;
  const entries = Object.entries(value as Definitions).map(([key, inside]) => [
    key,
    inlined(inside, definitions),
  ]);
  return Object.fromEntries(entries) as Value;
}
