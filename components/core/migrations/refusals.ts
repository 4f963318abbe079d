import type { Node } from "libpg-query";
import type { Problem } from "../problem";
import { contentOf, dotted, walkType, type NodeOf } from "./ast";
import { doBody } from "./plpgsql-body";
import { SqlSyntaxError, type SqlParser } from "./sql-parser";
import type { MigrationStatement } from "./statements";

type Told = Omit<Problem, "path">;

/**
 * What no migration may hold, acknowledged or not: what would end the transaction that it shares with the record of it,
 * what would have the record written by another role, and what waits for data that nobody sends.
 */
export function refuseStatement(
  statement: Pick<MigrationStatement, "node" | "text">,
  transactional: boolean,
  parser: SqlParser,
): Told[] {
  return [statement.node, ...runByDo(statement, parser)].flatMap((node) => [
    ...transactionControl(node),
    ...streams(node),
    ...session(node, transactional),
    ...setConfig(node, transactional),
  ]);
}

/** The statements that a DO block runs, as far as they are written out. */
function runByDo({ node, text }: Pick<MigrationStatement, "node" | "text">, parser: SqlParser): Node[] {
  const block = contentOf(node, "DoStmt");
  if (block === undefined) return [];
  try {
    const sql = doBody(block, text, parser)?.statements ?? [];
    return sql.flatMap((one) => parser.parse(one).map((parsed) => parsed.node));
  } catch (error) {
    if (error instanceof SqlSyntaxError) return []; // the gate says that it cannot be read
    throw error;
  }
}

function transactionControl(node: Node): Told[] {
  const kind = contentOf(node, "TransactionStmt")?.kind;
  if (kind === undefined) return [];
  const words = kind.replace("TRANS_STMT_", "").replaceAll("_", " ");
  const hint =
    "leave it out: a migration is one transaction; `-- transaction: none` in the header for none at all";
  return [{ message: `${words} would end or split the transaction of the migration`, hint }];
}

function streams(node: Node): Told[] {
  const copy = contentOf(node, "CopyStmt");
  if (copy === undefined || copy.filename !== undefined || copy.is_program === true) return [];
  return copy.is_from === true ? [copyFromStdin] : [copyToStdout];
}

/** Told of the rows below it as well, which are no SQL. */
export const copyFromStdin: Told = {
  message: "COPY … FROM STDIN waits for rows that only psql sends",
  hint: "write the rows as INSERT INTO … VALUES (…), (…)",
};

const copyToStdout: Told = {
  message: "COPY … TO STDOUT gives rows to nobody",
  hint: "leave it out, or keep them in a table: CREATE TABLE … AS SELECT …",
};

const becomesAnother: Told = {
  message: "a migration runs as the owner of the database from its first statement to its record",
  hint: "leave the change of role out; what another role is to own is declared in the stack",
};

function session(node: Node, transactional: boolean): Told[] {
  if (contentOf(node, "DiscardStmt")?.target === "DISCARD_ALL") return [resetsAll("DISCARD ALL")];
  const set = contentOf(node, "VariableSetStmt");
  if (set === undefined) return [];
  const { kind, name = "", is_local: local = false } = set;
  if (kind === "VAR_RESET_ALL") return [resetsAll("RESET ALL")];
  if (isIdentity(name)) return [becomesAnother];
  if (kind === "VAR_SET_MULTI") return [transactionMode(set)];
  return local || !transactional ? [] : [outlives(`SET ${name}`, `SET LOCAL ${name} …`)];
}

function isIdentity(setting: string): boolean {
  return /^(?:role|session_authorization)$/i.test(setting);
}

function resetsAll(words: string): Told {
  const hint = "leave it out, or reset one setting with SET LOCAL … TO DEFAULT";
  return { message: `${words} takes the time limits off that a migration runs with`, hint };
}

function transactionMode({ name = "" }: NodeOf<"VariableSetStmt">): Told {
  const hint = "leave it out: migrations run as READ COMMITTED, and may write";
  return { message: `SET ${name} changes a transaction that has begun already, or those after it`, hint };
}

function outlives(words: string, instead: string): Told {
  const hint = `write \`${instead}\`, which ends with the migration`;
  return { message: `${words} would hold for what runs after this migration`, hint };
}

/** `set_config(name, value, is_local)` is SET by another name. */
function setConfig(node: Node, transactional: boolean): Told[] {
  if ("CreateFunctionStmt" in node) return []; // its body does not run now
  return [...walkType(node, "FuncCall")].flatMap(({ funcname, args = [] }) => {
    if (!/^(?:pg_catalog\.)?set_config$/.test(dotted(funcname))) return [];
    const [name, , local] = args.map((arg) => contentOf(arg, "A_Const"));
    if (isIdentity(name?.sval?.sval ?? "")) return [becomesAnother];
    const isLocal = local?.boolval?.boolval === true;
    return isLocal || !transactional ? [] : [outlives("set_config(…)", "set_config(…, …, true)")];
  });
}
