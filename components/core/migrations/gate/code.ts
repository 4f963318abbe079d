import type { Node } from "libpg-query";
import { contentOf, contentsOf, dotted, type NodeOf } from "../ast";
import { codeOf, constantSql, readPlpgsql } from "../plpgsql-body";
import { SqlSyntaxError } from "../sql-parser";
import { readType, renderType } from "./column-types";
import type { GateContext } from "./context";
import { rememberNames } from "./remember";
import { judgeCalls } from "./calls";
import { judgeSetting } from "./objects";
import { findingClasses, hit, rules, type Hit } from "./rules";

/** DO runs its body at once: every statement of it counts as one of the file, in any branch. */
export function judgeDo({ args }: NodeOf<"DoStmt">, context: GateContext): Hit[] {
  const { language } = codeOf(args);
  if (language !== "" && language !== "plpgsql") {
    return [hit("foreign-language", `a DO block in ${language} may do anything`)];
  }
  return judgePlpgsql("a DO block", context);
}

/** CREATE FUNCTION and CREATE PROCEDURE: the body is looked at, and runs when somebody calls it. */
export function judgeFunction(statement: NodeOf<"CreateFunctionStmt">, context: GateContext): Hit[] {
  const { funcname, options, parameters, sql_body: atomic, is_procedure: isProcedure } = statement;
  const place = `${isProcedure === true ? "procedure" : "function"} ${dotted(funcname)}`;
  const { language, text = "" } = codeOf(options);
  // Nothing of the migration is new or locked when it is called.
  const inside: GateContext = {
    ...context,
    memory: context.memory.ofFunctionsAlone(),
    transactional: false,
    inFunction: true,
  };
  const body = (): Hit[] => {
    if (atomic !== undefined) return atomicStatements(atomic).flatMap((node) => inside.judge(node, inside));
    if (language === "sql") return judgeText(text, place, inside);
    if (language === "plpgsql") return judgePlpgsql(place, inside);
    return [hit("foreign-language", `${place} is written in ${language || "no language"}`)];
  };
  const hits = body();
  // What nobody can tell is asked about where it is written, and the call is to be looked at anyway.
  const told = hits
    .filter(({ rule }) => !["opaque", "review"].includes(rules[rule].class))
    .map(({ rule, message }) => hit(rule, `${place}: ${message}`));
  context.memory.keepBody(dotted(funcname), signatureOf(parameters), told);
  return [...judgeSecurity(place, options), ...unique(asLater(place, hits))];
}

/** Tells functions of one name apart. */
function signatureOf(parameters: readonly Node[] | undefined): string {
  return contentsOf(parameters, "FunctionParameter")
    .map(({ argType }) => renderType(readType(argType)))
    .join(", ");
}

/** What a function would do when it is called is not what the migration does: it is told, and is no loss yet. */
function asLater(place: string, hits: readonly Hit[]): Hit[] {
  return hits.map(({ rule, message }) =>
    rules[rule].class === "opaque"
      ? { rule, message }
      : hit("function-body", `when ${place} is called: ${message}`),
  );
}

function judgeSecurity(place: string, options: readonly Node[] | undefined): Hit[] {
  const found = contentsOf(options, "DefElem");
  const isDefiner = found.some(
    ({ defname, arg }) => defname === "security" && contentOf(arg, "Boolean")?.boolval === true,
  );
  const hasPath = found.some(({ arg }) => contentOf(arg, "VariableSetStmt")?.name === "search_path");
  const settings = found.flatMap(({ arg }) => judgeSetting(contentOf(arg, "VariableSetStmt") ?? {}));
  return [
    ...(isDefiner && !hasPath
      ? [hit("security-definer", `${place} runs as its owner, with the search path of whoever calls it`)]
      : []),
    ...settings.map(({ rule, message }) => hit(rule, `when ${place} runs, ${message}`)),
  ];
}

/** ALTER FUNCTION … SECURITY DEFINER, RESET search_path. */
export function judgeAlterFunction({ func, actions }: NodeOf<"AlterFunctionStmt">): Hit[] {
  const place = `function ${dotted(func?.objname)}`;
  const resets = contentsOf(actions, "DefElem").some(({ arg }) =>
    (contentOf(arg, "VariableSetStmt")?.kind ?? "").startsWith("VAR_RESET"),
  );
  const reset = resets ? [hit("change-definition", `${place} runs with other settings`)] : [];
  return [...judgeSecurity(place, actions), ...reset];
}

function atomicStatements(body: Node): readonly Node[] {
  const items = contentOf(body, "List")?.items;
  if (items === undefined) return [body];
  return items.flatMap((item) => contentOf(item, "List")?.items ?? [item]);
}

function judgePlpgsql(place: string, context: GateContext): Hit[] {
  try {
    const { statements, expressions, dynamic, endsTransaction } = readPlpgsql(context.text, context.parser);
    return unique([
      ...statements.flatMap((sql) => judgeText(sql, place, context)),
      ...expressions.flatMap((sql) => judgeExpression(sql, place, context)),
      ...dynamic.flatMap((sql) => judgeDynamic(sql, place, context)),
      ...(endsTransaction && context.inFunction
        ? [hit("function-body", `${place} ends the transaction of its caller`)]
        : []),
    ]);
  } catch (error) {
    return [unreadable(place, error)];
  }
}

function judgeDynamic(sql: string, place: string, context: GateContext): Hit[] {
  const constant = constantSql(sql, context.parser);
  if (constant !== undefined) return judgeText(constant, place, context);
  return [
    hit("dynamic-sql", `${place} puts its SQL together while it runs: ${sql.replace(/\s+/g, " ").trim()}`),
  ];
}

function judgeExpression(sql: string, place: string, context: GateContext): Hit[] {
  try {
    return context.parser.parse(sql).flatMap(({ node }) => judgeCalls(node, context));
  } catch (error) {
    return [unreadable(place, error)];
  }
}

function judgeText(sql: string, place: string, context: GateContext): Hit[] {
  try {
    const nodes = context.parser.parse(sql);
    return nodes.flatMap(({ node, start, end }) => {
      const hits = context.judge(node, { ...context, text: sql.slice(start, end) });
      rememberNames(node, context.memory);
      return [...hits];
    });
  } catch (error) {
    return [unreadable(place, error)];
  }
}

function unreadable(place: string, error: unknown): Hit {
  if (!(error instanceof SqlSyntaxError)) throw error;
  return hit("unreadable-body", `${place} cannot be read: ${error.message}`);
}

/** The worst first; what a body does twice is told once. */
function unique(hits: readonly Hit[]): Hit[] {
  const found = new Map(hits.map((one) => [`${one.rule} ${one.message}`, one]));
  const rank = ({ rule }: Hit): number => findingClasses.indexOf(rules[rule].class);
  return [...found.values()].toSorted((a, b) => rank(a) - rank(b));
}
