import type { Node } from "libpg-query";
import { contentOf, contentsOf, type NodeOf } from "../migrations/ast";
import type { SqlParser } from "../migrations/sql-parser";
import { typeText } from "./objects";

/** A column, or an argument, as two definitions of a thing are compared: types are the server's numbers. */
export interface Part {
  readonly name: string;
  readonly type: string;
}

/** What of a function CREATE OR REPLACE does not change ("CREATE FUNCTION"). */
export interface FunctionShape {
  readonly isProcedure: boolean;
  readonly returns: string;
  readonly isSet: boolean;
  /** What it takes, in its order; an empty name where it has none. */
  readonly inputs: readonly Part[];
  /** What it gives, where that has names. */
  readonly outputs: readonly Part[];
  /** How many of the inputs have a default. */
  readonly defaults: number;
}

/** Whether a view has to be made anew: columns can be added at its end, and nothing else ("CREATE VIEW"). */
export function changesColumns(old: readonly Part[], now: readonly Part[]): boolean {
  return old.some(({ name, type }, index) => now[index]?.name !== name || now[index].type !== type);
}

/** Whether a function has to be made anew. */
export function changesShape(old: FunctionShape, now: FunctionShape): boolean {
  const renames = old.inputs.some(({ name }, index) => name !== "" && name !== now.inputs[index]?.name);
  const rows = (parts: readonly Part[]): string =>
    JSON.stringify(parts.map(({ name, type }) => [name, type]));
  return (
    renames ||
    old.isProcedure !== now.isProcedure ||
    old.returns !== now.returns ||
    old.isSet !== now.isSet ||
    old.defaults > now.defaults ||
    (old.outputs.length > 1 && rows(old.outputs) !== rows(now.outputs))
  );
}

/** The shape of a CREATE FUNCTION with types as SQL; undefined where it cannot be told from the text (`%TYPE`). */
export function shapeOf(node: Node): FunctionShape | undefined {
  const statement = contentOf(node, "CreateFunctionStmt");
  if (statement === undefined) return undefined;
  const { parameters, returnType, is_procedure: isProcedure = false } = statement;
  const all = contentsOf(parameters, "FunctionParameter");
  const types = [...all.map(({ argType }) => argType), returnType];
  if (types.some((type) => type?.pct_type === true)) return undefined;
  const part = ({ name = "", argType }: NodeOf<"FunctionParameter">): Part => ({
    name,
    type: argType === undefined ? "" : typeText(argType),
  });
  const of = (...modes: readonly string[]): NodeOf<"FunctionParameter">[] =>
    all.filter(({ mode = "" }) => modes.includes(mode.replace("FUNC_PARAM_", "")));
  const inputs = of("IN", "INOUT", "VARIADIC", "DEFAULT");
  const outputs = of("OUT", "INOUT", "TABLE").map(part);
  const [only] = outputs;
  const given = returnType === undefined ? undefined : typeText(returnType);
  const row = isProcedure || outputs.length > 1 ? `"record"` : (only?.type ?? `"void"`);
  return {
    isProcedure,
    returns: isProcedure && outputs.length === 0 ? `"void"` : (given ?? row),
    isSet: returnType?.setof === true,
    inputs: inputs.map(part),
    outputs,
    defaults: inputs.filter(({ defexpr }) => defexpr !== undefined).length,
  };
}

/** The query of a CREATE VIEW as it is written, and the names that it gives its columns. */
export function viewQuery(
  node: Node,
  text: string,
  parser: SqlParser,
): { readonly query: string; readonly names: readonly string[] } | undefined {
  const view = contentOf(node, "ViewStmt");
  if (view === undefined) return undefined;
  let depth = 0;
  for (const { kind, start, end } of parser.scan(text) ?? []) {
    const word = text.slice(start, end);
    if (kind === "comment") continue;
    if (word === "(") depth += 1;
    if (word === ")") depth -= 1;
    if (depth > 0 || !/^as$/i.test(word)) continue;
    const query = text.slice(end);
    const checked = /with\s+(?:cascaded\s+|local\s+)?check\s+option\s*$/i;
    const names = contentsOf(view.aliases, "String").map(({ sval = "" }) => sval);
    return { query: view.withCheckOption === "NO_CHECK_OPTION" ? query : query.replace(checked, ""), names };
  }
  return undefined;
}
