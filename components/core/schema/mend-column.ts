import type { PropertyChange } from "./difference";
import { alterOptions, alterRelation, optionList, ownName } from "./mend-words";
import type { SchemaObject } from "./snapshot";

/** A column as CREATE TABLE and ADD COLUMN take it. */
export function columnDefinition(column: SchemaObject, identity: SchemaObject | undefined): string {
  const { type = "", collation, generated, identity: always, default: value, ...rest } = column.properties;
  return [
    ownName(column),
    type,
    ...(collation === undefined ? [] : [`COLLATE ${collation}`]),
    ...(rest.compression === undefined ? [] : [`COMPRESSION ${rest.compression}`]),
    ...(value === undefined ? [] : [`DEFAULT ${value}`]),
    ...(generated === undefined
      ? []
      : [`GENERATED ALWAYS AS (${generated}) ${(rest["generated kind"] ?? "stored").toUpperCase()}`]),
    ...(always === undefined
      ? []
      : [`GENERATED ${always.toUpperCase()} AS IDENTITY${sequenceOptions(identity)}`]),
    ...(rest["not null"] === undefined ? [] : ["NOT NULL"]),
  ].join(" ");
}

function sequenceOptions(sequence: SchemaObject | undefined): string {
  if (sequence === undefined) return "";
  return ` (SEQUENCE NAME ${sequence.name} ${numbersOf(sequence)})`;
}

/** How a sequence counts. */
export function numbersOf({ properties }: SchemaObject): string {
  const { start, increment, minimum, maximum, cache, cycle } = properties;
  const bounds = `MINVALUE ${minimum ?? ""} MAXVALUE ${maximum ?? ""}`;
  const numbers = `INCREMENT BY ${increment ?? ""} ${bounds} START WITH ${start ?? ""} CACHE ${cache ?? ""}`;
  return cycle === undefined ? numbers : `${numbers} CYCLE`;
}

/** What a new column gets by statements of its own. */
export function columnExtras(column: SchemaObject): string[] {
  const { storage, "statistics target": target, options } = column.properties;
  const alter = `${alterRelation(column)} ALTER COLUMN ${ownName(column)}`;
  return [
    ...(storage === undefined ? [] : [`${alter} SET STORAGE ${storage.toUpperCase()}`]),
    ...(target === undefined ? [] : [`${alter} SET STATISTICS ${target}`]),
    ...(options === undefined ? [] : [`${alter} SET (${optionList(options)})`]),
  ];
}

/** What brings a column to what it is to be; empty where no statement can without losing its content. */
export function mendColumn(
  expected: SchemaObject,
  changes: readonly PropertyChange[],
  { version, identity }: Pick<Case, "version" | "identity">,
): string[] {
  const alter = `${alterRelation(expected)} ALTER COLUMN ${ownName(expected)}`;
  const changed = new Map(changes.map((change) => [change.property, change]));
  const all = [...changed.keys()].flatMap((property) => {
    const change = changed.get(property);
    const mend = mends[property];
    return change === undefined || mend === undefined
      ? []
      : mend({ alter, change, expected, changed, version, identity });
  });
  return [...new Set(all)];
}

interface Case {
  readonly alter: string;
  readonly change: PropertyChange;
  readonly expected: SchemaObject;
  readonly changed: ReadonlyMap<string, PropertyChange>;
  readonly version: number;
  /** The sequence of an identity column. */
  readonly identity: SchemaObject | undefined;
}

type Mend = (one: Case) => string[];

const typed: Mend = ({ alter, expected, changed }) => {
  const { type = "", collation } = expected.properties;
  const plain = `${alter} TYPE ${type}${collation === undefined ? "" : ` COLLATE ${collation}`}`;
  if (!changed.has("type")) return [plain];
  // A default of the old type may have no way to the new one: it is set again after it.
  const hasDefault = expected.properties.default !== undefined;
  return [
    ...(hasDefault ? [`${alter} DROP DEFAULT`] : []),
    `${plain} USING ${ownName(expected)}::${type}`,
    ...defaulted(expected, alter),
  ];
};

const defaulted = (expected: SchemaObject, alter: string): string[] =>
  expected.properties.default === undefined ? [] : [`${alter} SET DEFAULT ${expected.properties.default}`];

const generatedAs: Mend = ({ alter, change, version }) => {
  if (change.expected === undefined) return [`${alter} DROP EXPRESSION`];
  // Before 17 only a column made anew has another expression.
  return version >= 170_000 && change.actual !== undefined
    ? [`${alter} SET EXPRESSION AS (${change.expected})`]
    : [];
};

const identified: Mend = ({ alter, change, identity }) => {
  if (change.expected === undefined) return [`${alter} DROP IDENTITY`];
  const always = `GENERATED ${change.expected.toUpperCase()}`;
  return change.actual === undefined
    ? [`${alter} ADD ${always} AS IDENTITY${sequenceOptions(identity)}`]
    : [`${alter} SET ${always}`];
};

const mends: Readonly<Record<string, Mend>> = {
  type: typed,
  collation: typed,
  default: ({ alter, expected, change, changed }) => {
    if (changed.has("identity") && change.expected === undefined) return [];
    return change.expected === undefined ? [`${alter} DROP DEFAULT`] : defaulted(expected, alter);
  },
  "not null": ({ alter, change }) => [`${alter} ${change.expected === undefined ? "DROP" : "SET"} NOT NULL`],
  generated: generatedAs,
  identity: identified,
  storage: ({ alter, change, expected }) => [
    `${alter} SET STORAGE ${(change.expected ?? expected.details.storage ?? "extended").toUpperCase()}`,
  ],
  compression: ({ alter, change }) => [`${alter} SET COMPRESSION ${change.expected ?? "default"}`],
  "statistics target": ({ alter, change }) => [`${alter} SET STATISTICS ${change.expected ?? "-1"}`],
  options: ({ alter, change }) => alterOptions(alter, change.expected, change.actual),
};
