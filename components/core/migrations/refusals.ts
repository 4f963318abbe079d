import type { Node } from "libpg-query";
import type { Problem } from "../problem";
import { contentOf, dotted, tableName, walkType, type NodeOf } from "./ast";
import { constantSql, doBody } from "./plpgsql-body";
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
    ...locks(node),
  ]);
}

/** The statements that a DO block runs, as far as they are written out. */
function runByDo({ node, text }: Pick<MigrationStatement, "node" | "text">, parser: SqlParser): Node[] {
  const block = contentOf(node, "DoStmt");
  if (block === undefined) return [];
  try {
    const body = doBody(block, text, parser);
    const constants = (body?.dynamic ?? []).flatMap((sql) => constantSql(sql, parser) ?? []);
    const sql = [...(body?.statements ?? []), ...(body?.expressions ?? []), ...constants];
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
  const { relation } = contentOf(node, "UpdateStmt") ?? {};
  if (relation !== undefined && /^(?:pg_catalog\.)?pg_settings$/.test(tableName(relation)))
    return [outlives("UPDATE pg_settings", "SET LOCAL …")];
  const set = contentOf(node, "VariableSetStmt");
  if (set === undefined) return [];
  const { kind, name = "", is_local: local = false } = set;
  if (kind === "VAR_RESET_ALL") return [resetsAll("RESET ALL")];
  if (isIdentity(name)) return [becomesAnother];
  if (kind === "VAR_SET_MULTI" || isTransactionMode(name)) return [transactionMode(set)];
  if (isReading(name)) return [readsAnother(name)];
  return local || !transactional ? [] : [outlives(`SET ${name}`, `SET LOCAL ${name} …`)];
}

function isIdentity(setting: string): boolean {
  return /^(?:role|session_authorization)$/i.test(setting);
}

function isTransactionMode(setting: string): boolean {
  return /^transaction_(?:isolation|read_only|deferrable)$/i.test(setting);
}

/** Settings by which the same text is other SQL: what was judged would not be what runs. */
function isReading(setting: string): boolean {
  return /^(?:standard_conforming_strings|client_encoding|backslash_quote|transform_null_equals)$/i.test(
    setting,
  );
}

function readsAnother(setting: string): Told {
  const hint = "leave it out: files are UTF-8, and a backslash counts in E'…' only";
  return {
    message: `${setting} would have the server read another statement than the one that was judged`,
    hint,
  };
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
    const [given, , local] = args.map((arg) => contentOf(arg, "A_Const"));
    const name = given?.sval?.sval ?? "";
    if (isIdentity(name)) return [becomesAnother];
    if (isTransactionMode(name)) return [transactionMode({ name })];
    if (isReading(name)) return [readsAnother(name)];
    const isLocal = local?.boolval?.boolval === true;
    return isLocal || !transactional ? [] : [outlives("set_config(…)", "set_config(…, …, true)")];
  });
}

/** A lock of the session outlives the migration, and letting go of all of them lets go of the one that the run holds. */
function locks(node: Node): Told[] {
  if ("CreateFunctionStmt" in node || "ViewStmt" in node) return []; // they do not run now
  return [...walkType(node, "FuncCall")].flatMap(({ funcname }) => {
    const name = dotted(funcname).replace(/^pg_catalog\./, "");
    if (!/^pg_(?:try_)?advisory_(?:un)?lock(?:_shared|_all)?$/.test(name)) return [];
    const hint = "write pg_advisory_xact_lock(…), which ends with the migration";
    return [{ message: `${name} takes or ends a lock of the session, as the one of the run is`, hint }];
  });
}
