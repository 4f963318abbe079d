import type { Node } from "libpg-query";
import { contentOf, namesOf, walk, walkType, type NodeOf } from "../migrations/ast";
import { codeOf } from "../migrations/plpgsql-body";
import { SqlSyntaxError, type SqlParser } from "../migrations/sql-parser";
import { nameOf, relationName, type ObjectName } from "./objects";

/**
 * What a statement has to find when it runs: relations, functions and types. Of a body in PL/pgSQL only the types of its
 * variables, as PostgreSQL looks for the rest when the function is called.
 */
export function referencesOf(node: Node, text: string, parser: SqlParser): ObjectName[] {
  const found = referencesIn(node);
  const code = contentOf(node, "CreateFunctionStmt");
  if (code === undefined) return found;
  const { language, text: body } = codeOf(code.options);
  try {
    if (language === "sql" && body !== undefined) {
      return [...found, ...parser.parse(body).flatMap((parsed) => referencesIn(parsed.node))];
    }
    return language === "plpgsql" ? [...found, ...variableTypes(parser.parsePlpgsql(text))] : found;
  } catch (error) {
    if (error instanceof SqlSyntaxError) return found; // the gate says that it cannot be read
    throw error;
  }
}

function referencesIn(tree: Node): ObjectName[] {
  const withs = new Set([...walkType(tree, "CommonTableExpr")].map(({ ctename }) => ctename));
  return [...walk(tree)].flatMap(({ type, content }): ObjectName[] => {
    switch (type) {
      case "RangeVar": {
        const name = relationName(content as NodeOf<"RangeVar">);
        return name.schema === undefined && withs.has(name.name) ? [] : [name];
      }
      case "FuncCall":
        return [nameOf(namesOf((content as NodeOf<"FuncCall">).funcname))];
      case "CreateTrigStmt": {
        const { relation, funcname } = content as NodeOf<"CreateTrigStmt">;
        return [relationName(relation), nameOf(namesOf(funcname))];
      }
      default:
        return bareParts(content);
    }
  });
}

/** Types and relations that a node has as a field of its own, which is no node of the tree. */
function bareParts(content: unknown): ObjectName[] {
  if (typeof content !== "object" || content === null) return [];
  const { typeName, argType, returnType, relation } = content as Readonly<Record<string, unknown>>;
  const types = [typeName, argType, returnType].flatMap((type) => {
    const names = (type as NodeOf<"TypeName"> | undefined)?.names;
    return Array.isArray(names) ? [nameOf(namesOf(names))] : [];
  });
  const { relname } = (relation ?? {}) as NodeOf<"RangeVar">;
  return relname === undefined ? types : [...types, relationName(relation as NodeOf<"RangeVar">)];
}

function variableTypes(tree: unknown): ObjectName[] {
  if (typeof tree !== "object" || tree === null) return [];
  return Object.entries(tree).flatMap(([key, value]: [string, unknown]): ObjectName[] => {
    if (key !== "typname" || typeof value !== "string") return variableTypes(value);
    const parts = value
      .replace(/%(?:rowtype|type)$/i, "")
      .replace(/\[.*$/, "")
      .trim()
      .split(".");
    const names = parts.map((part) => (/^".*"$/.test(part) ? part.slice(1, -1) : part.toLowerCase()));
    // `app.orders.id%TYPE` names a column.
    return [nameOf(names.slice(0, 2))];
  });
}
