import type { Node } from "libpg-query";
import { contentOf, dotted, namesOf, walkType, type NodeOf } from "../ast";
import type { GateContext } from "./context";
import { isHarmless } from "./known-functions";
import { judgeSetting } from "./objects";
import { hit, type Hit } from "./rules";

/** Functions that are called now and that nobody knows to be harmless. */
export function judgeCalls(tree: unknown, context: GateContext): Hit[] {
  // What a function calls is its author's; that it is called at all is told where it is called.
  const { inFunction, memory, transactional } = context;
  const calls = [...walkType(tree, "FuncCall")];
  const settings = calls.flatMap((call) => [...judgeSetConfig(call), ...judgeSetval(call, context)]);
  const names = [...new Set(calls.map(({ funcname }) => dotted(funcname)))];
  const called = names.flatMap((name) => {
    const known = ownRule(name);
    if (known !== undefined) return [known];
    const bodies = memory.bodiesOf(name);
    if (/^(?:pg_catalog\.)?pg_sleep/.test(name) && transactional && memory.isAnyLocked())
      return [hit("lock-table", "waits under the lock of an earlier statement")];
    if (inFunction || isHarmless(name)) return bodies;
    return [...bodies, hit("function-call", `function ${name} is called, and may do anything`)];
  });
  return inFunction ? called : [...settings, ...called, ...judgeOperators(tree)];
}

/** Functions of PostgreSQL and its extensions whose cost is known; the rest is looked at by whoever calls them. */
const costs: readonly [
  names: RegExp,
  rule: "drop-large-object" | "dynamic-sql" | "run-program",
  words: string,
][] = [
  [/^lo_unlink$/, "drop-large-object", "a large object is lost"],
  [/^(?:lo_truncate(?:64)?|lo_put|lowrite)$/, "drop-large-object", "a large object is overwritten"],
  [
    /^(?:query_to_xml(?:schema|_and_xmlschema)?|dblink(?:_\w+)?|crosstab\w*|connectby|ts_stat)$/,
    "dynamic-sql",
    "runs the text that it is given",
  ],
  [
    /^(?:pg_(?:read|ls|stat)_(?:binary_)?(?:file|dir)|pg_file_\w+|lo_(?:import|export))$/,
    "run-program",
    "reads or writes files of the server",
  ],
];

function ownRule(name: string): Hit | undefined {
  const plain = name.split(".").at(-1) ?? "";
  const [, rule, words] = costs.find(([names]) => names.test(plain)) ?? [];
  if (rule === undefined || words === undefined) return undefined;
  return hit(rule, rule === "drop-large-object" ? words : `function ${name} ${words}`);
}

/** `set_config` is SET by another name. */
function judgeSetConfig({ funcname, args = [] }: NodeOf<"FuncCall">): Hit[] {
  if (!/^(?:pg_catalog\.)?set_config$/.test(dotted(funcname))) return [];
  const name = contentOf(args[0], "A_Const")?.sval?.sval;
  if (name === undefined)
    return [hit("dynamic-sql", "set_config changes a setting whose name is put together while it runs")];
  return judgeSetting({ name, args: args.slice(1, 2) });
}

/** A number that is written down may be one that is in use; the highest one of a table is not. */
function judgeSetval({ funcname, args = [] }: NodeOf<"FuncCall">, { memory }: GateContext): Hit[] {
  if (!/^(?:pg_catalog\.)?setval$/.test(dotted(funcname))) return [];
  const [sequence, number] = args;
  const isConstant = (["ColumnRef", "SubLink", "FuncCall"] as const).every(
    (type) => walkType(number, type).next().done,
  );
  const [first, second] = constantsOf(sequence);
  const isNew =
    contentOf(sequence, "FuncCall") === undefined
      ? first !== undefined && memory.isNewSequence(first)
      : first !== undefined && second !== undefined && memory.isNew("relation", first);
  if (!isConstant || isNew) return [];
  return [hit("restart-sequence", `sequence ${first ?? ""} counts from another number`)];
}

/** `'s'`, `'s'::regclass`, `pg_get_serial_sequence('a', 'x')` */
function constantsOf(expression: Node | undefined): (string | undefined)[] {
  return [...walkType(expression, "A_Const")].map(({ sval }) => sval?.sval);
}

/** An operator that names its schema is a function of somebody's. */
function judgeOperators(tree: unknown): Hit[] {
  const names = [...walkType(tree, "A_Expr")].flatMap(({ name }) => {
    const [schema, ...rest] = namesOf(name);
    return rest.length === 0 || schema === "pg_catalog" ? [] : [namesOf(name).join(".")];
  });
  return [...new Set(names)].map((name) =>
    hit("function-call", `operator ${name} is a function, and may do anything`),
  );
}
