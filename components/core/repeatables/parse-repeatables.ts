import { worstClass, judgeStatement, type GateFinding } from "../migrations/gate/judge";
import { SchemaMemory } from "../migrations/gate/schema-memory";
import { placeFinder } from "../migrations/source-text";
import { syntaxProblem, unendedProblem, reportMetaCommands } from "../migrations/parse-migration";
import { contentOf } from "../migrations/ast";
import { refuseStatement } from "../migrations/refusals";
import type { SqlParser } from "../migrations/sql-parser";
import { splitStatements, type FileReader, type MigrationStatement } from "../migrations/statements";
import { ProblemError, type Problem } from "../problem";
import { refuseUnrepeatable } from "./allowed";
import { describeObject, droppedObjects, isSameObject, madeObject, type DatabaseObject } from "./objects";
import { orderRepeatables } from "./order";
import { referencesOf } from "./references";
import {
  madeBy,
  unusableRepeatables,
  type Repeatable,
  type RepeatableFile,
  type RepeatableFiles,
  type RepeatableStatement,
} from "./repeatable";

/**
 * Reads and judges repeatable files.
 *
 * @returns them in the order in which they can be applied to an empty database
 * @throws ProblemError everything that is wrong with any of them, together
 */
export function parseRepeatables(
  { files, others }: RepeatableFiles,
  parser: SqlParser,
): readonly Repeatable[] {
  const problems: Problem[] = others.map((path) => ({
    path,
    message: "is no repeatable file",
    hint: "move it elsewhere: in this directory are files of SQL, by any name that ends with .sql",
  }));
  const read = files.flatMap((file) => parseFile(file, parser, problems));
  problems.push(...madeTwice(read));
  if (problems.length > 0) throw new ProblemError(unusableRepeatables, problems);
  const { ordered, problems: cycles } = orderRepeatables(read);
  if (cycles.length > 0) throw new ProblemError(unusableRepeatables, cycles);
  return ordered;
}

function parseFile(file: RepeatableFile, parser: SqlParser, problems: Problem[]): Repeatable[] {
  const { directory, name, path, checksum, text } = file;
  const count = problems.length;
  const split = splitFile(file, parser, problems);
  const made = split.flatMap(({ node }) => madeObject(node) ?? []);
  const memory = new SchemaMemory();
  const statements = split.map((statement) => {
    const told = [...refuseStatement(statement, true, parser), ...refuseUnrepeatable(statement, made)];
    problems.push(...told.map((one) => ({ path: `${path}:${statement.firstLine}`, ...one })));
    const judged = judgeStatement(
      { migration: { path, transactional: true }, part: "up", statement },
      memory,
      parser,
      problems,
    );
    return complete({ ...statement, judged }, made);
  });
  if (split.length === 0 && problems.length === count) {
    problems.push({ path, message: "does nothing", hint: "write its statements, or delete the file" });
  }
  problems.push(...misplacedDrops(path, statements));
  const needs = statements.flatMap((statement) => referencesOf(statement.node, statement.text, parser));
  return problems.length > count || text === ""
    ? []
    : [{ directory, name, path, checksum, statements, needs }];
}

/** What the same file makes anew, or has just made, takes nothing from anybody. */
function complete(
  statement: MigrationStatement & { readonly judged: RepeatableStatement["judged"] },
  made: readonly DatabaseObject[],
): RepeatableStatement {
  const { node, judged } = statement;
  const drop = contentOf(node, "DropStmt");
  const drops = drop === undefined ? [] : (droppedObjects(drop) ?? []);
  const isOwn = ({ rule }: GateFinding): boolean =>
    (rule === "revoke" && "GrantStmt" in node) ||
    (drops.length > 0 && /^(?:drop-object|drop-index|change-trigger)$/.test(rule));
  const findings = judged.findings.filter((finding) => !isOwn(finding));
  const makes = madeObject(node);
  return {
    ...statement,
    judged: { ...judged, findings, class: worstClass(findings) },
    // A DROP without arguments is of the one that is made.
    drops: drops.map((object) => made.find((one) => isSameObject(object, one)) ?? object),
    ...(makes === undefined ? {} : { makes }),
  };
}

function splitFile(file: RepeatableFile, parser: SqlParser, problems: Problem[]): MigrationStatement[] {
  const { text, path } = file;
  const place = placeFinder(text);
  const report: FileReader["report"] = (line, problem) => {
    problems.push({ path: `${path}:${line}`, ...problem });
  };
  if (text.includes("\0")) {
    // The parser ends there, and would not see what follows.
    report(place(text.indexOf("\0")).line, {
      message: "holds a zero byte",
      hint: "delete it: PostgreSQL has no text with a zero byte",
    });
    return [];
  }
  const tokens = parser.scan(text);
  if (tokens === undefined) {
    problems.push(unendedProblem(file, parser));
    return [];
  }
  const reader: FileReader = { text, tokens, report, lineOf: (offset) => place(offset).line };
  const whole = { start: 0, end: text.length };
  if (reportMetaCommands(reader, whole)) return [];
  try {
    return splitStatements(reader, whole, parser);
  } catch (error) {
    problems.push(syntaxProblem(file, whole, error));
    return [];
  }
}

function misplacedDrops(path: string, statements: readonly RepeatableStatement[]): Problem[] {
  return statements.flatMap(({ drops, makes, firstLine }, index): Problem[] => {
    const at = `${path}:${firstLine}`;
    const late = drops.filter(
      (object) =>
        !statements.slice(index).some((one) => one.makes !== undefined && isSameObject(object, one.makes)),
    );
    const hint = "write DROP … IF EXISTS directly before its CREATE";
    const told = late.map((object) => ({
      path: at,
      message: `drops ${describeObject(object)} after it was made`,
      hint,
    }));
    if (makes?.kind !== "materialized view") return told;
    const isDropped = statements
      .slice(0, index)
      .some((one) => one.drops.some((object) => isSameObject(object, makes)));
    return isDropped
      ? told
      : [
          ...told,
          { path: at, message: `${describeObject(makes)} is made once: a second run would fail`, hint },
        ];
  });
}

/** Two files that make one thing would take it from each other for ever. */
function madeTwice(files: readonly Repeatable[]): Problem[] {
  const all = files.flatMap((file) => madeBy(file).map((object) => ({ file, object })));
  return all.flatMap(({ file, object }, index) => {
    const first = all.slice(0, index).find((one) => isSameObject(one.object, object));
    if (first === undefined) return [];
    const where = first.file === file ? "this file" : first.file.path;
    return [
      {
        path: file.path,
        message: `makes ${describeObject(object)}, as does ${where}`,
        hint: "keep one of them",
      },
    ];
  });
}
