import { isRevision } from "../../../components/core/migrations/history";
import { historyTables } from "../../../components/core/migrations/history-layout";
import { quoteIdentifier, quoteLiteral } from "../../../components/core/identifier";
import { problemError } from "../../../components/core/problem";
import { renderSummary, type MigrationOrigin } from "../../../components/core/statement";
import { visible } from "../../../components/core/visible";
import { silence } from "../../../components/io/apply";
import type { PlanData, PlannedStatement, ResourcePlan } from "./resolve";

/** Statements of one resource that follow each other and are sent in the same way. */
interface Block {
  readonly kind: "transaction" | "single" | "step" | "official" | "migration";
  readonly database: string | null;
  readonly statements: readonly PlannedStatement[];
}

/**
 * The plan as one psql script: it does on the server what `pulumi up` would do, one transaction for each resource and
 * database as there, and leaves out what is not SQL, which stands in it as a comment.
 *
 * @throws ProblemError for a database whose name psql cannot connect to
 */
export function renderScript(stack: string, plan: PlanData): string {
  const lines = [...renderHead(stack, plan), ...renderVariables(plan)];
  let current: string | null = null;
  for (const resource of plan.resources) {
    lines.push(
      "",
      `-- ${visible(resource.resource)} (${resource.op}): ${renderSummary(resource.statements)}`,
    );
    lines.push(
      ...resource.undeclared.map(({ subject, message }) => comment(`left alone: ${subject}: ${message}`)),
      ...(resource.notes ?? []).map((note) => comment(`note: ${note}`)),
    );
    for (const block of resolveBlocks(resource)) {
      if (block.kind !== "step" && block.database !== current) {
        current = block.database;
        lines.push(...renderConnect(current ?? ""));
      }
      lines.push(...renderBlock(block));
    }
  }
  return `${lines.join("\n")}\n`;
}

function comment(text: string): string {
  return `-- ${visible(text)}`;
}

function renderHead(stack: string, { resources }: PlanData): string[] {
  return [
    comment(
      `What \`pulumi up\` would run for stack ${stack}: ${renderSummary(resources.flatMap(({ statements }) => statements))}.`,
    ),
    "-- Run it as the login that manages the server: psql -X -f plan.sql. It stops at the first error; each transaction",
    "-- holds whole or not at all. What is marked `by @pulumi/postgresql` is a resource of its own in Pulumi's state,",
    "-- which does not know of a script: leave those statements to `pulumi up`, or import what they made.",
  ];
}

/** Without its variable a statement would fail in the middle: so the script asks for all of them first. */
function renderVariables({ variables }: PlanData): string[] {
  const settings = ["\\set ON_ERROR_STOP on", "\\set QUIET on"];
  if (variables.length === 0) return ["", ...settings];
  return [
    "--",
    "-- Variables, each the SCRAM verifier of a role's password as pg_authid.rolpassword holds it, never the password:",
    ...variables.map(({ name, role }) => comment(`  ${name}: role ${role}`)),
    "-- Set them with `psql -v name=value`, or with \\set in a file that psql reads first (psql -f verifiers.psql -f",
    "-- plan.sql), where no list of processes shows them.",
    "",
    ...settings,
    ...variables.flatMap(({ name }) => [
      `\\if :{?${name}}`,
      "\\else",
      `DO $$BEGIN RAISE EXCEPTION 'the variable ${name} is not set'; END$$;`,
      "\\endif",
    ]),
  ];
}

function resolveBlocks({ statements, database }: ResourcePlan): Block[] {
  const blocks: { kind: Block["kind"]; database: string | null; statements: PlannedStatement[] }[] = [];
  for (const statement of statements) {
    const kind = kindOf(statement);
    const place = statement.database ?? database;
    const last = blocks.at(-1);
    const isSame = last?.statements[0]?.migration?.file === statement.migration?.file;
    if (last?.kind === kind && last.database === place && kind !== "single" && isSame)
      last.statements.push(statement);
    else blocks.push({ kind, database: place, statements: [statement] });
  }
  return blocks;
}

function kindOf({ step, by, transactional, migration }: PlannedStatement): Block["kind"] {
  if (migration !== undefined) return "migration";
  if (step === true) return "step";
  if (by !== undefined) return "official";
  return transactional === false ? "single" : "transaction";
}

function renderBlock({ kind, statements }: Block): string[] {
  if (kind === "step") {
    return statements.map(({ sql, reason, risk }) => comment(`not SQL: ${sql}  (${reason}${note(risk)})`));
  }
  if (kind === "migration") return renderMigration(statements);
  const lines = statements.flatMap((statement) => [
    comment(
      `${statement.reason}${note(statement.risk)}${statement.by === undefined ? "" : `, by ${statement.by}`}`,
    ),
    `${withVariable(statement)};`,
  ]);
  const sent = kind === "transaction" ? ["BEGIN;", ...lines, "COMMIT;"] : lines;
  return statements.some(({ variable }) => variable !== undefined) ? [...renderSilence(), ...sent] : sent;
}

/** As the engine sends a file: as the owner, and with its record. */
function renderMigration(statements: readonly PlannedStatement[]): string[] {
  const [first] = statements;
  const origin = first?.migration;
  if (origin === undefined) throw new Error("a block is never empty");
  const { owner, transactional, file, name } = origin;
  if (isRevision(name)) return renderRevision(file, statements);
  const role = quoteIdentifier(owner);
  const lines = statements.flatMap(({ sql, reason, risk }) => [comment(`${reason}${note(risk)}`), `${sql};`]);
  const record = recordOf(origin);
  if (!transactional) {
    return [
      `SET ROLE ${role}; RESET search_path;`,
      ...lines,
      "SET search_path = pg_catalog; RESET ROLE;",
      ...record,
    ];
  }
  return [
    `BEGIN; SET LOCAL ROLE ${role}; SET LOCAL search_path TO DEFAULT;`,
    ...lines,
    "SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL ROLE NONE; SET LOCAL search_path = pg_catalog;",
    ...record,
    "COMMIT;",
  ];
}

/** What a script sends would be unknown to `alembic_version`: Alembic itself has to run it. */
function renderRevision(file: string, statements: readonly PlannedStatement[]): string[] {
  const lines = statements.flatMap(({ sql, reason, risk }) => [
    `${reason}${note(risk)}`,
    ...`${sql};`.split("\n").map((line) => `  ${line}`),
  ]);
  return [`not SQL: ${file} is run by the application's Alembic, which sends`, ...lines].map(comment);
}

function recordOf({ version, name, checksum, direction, transactional }: MigrationOrigin): string[] {
  const [number, called, sum] = [version, name, checksum].map(quoteLiteral);
  const { applied, trail, repeatable } = historyTables;
  const told = `INSERT INTO ${trail} (action, outcome, version, name, checksum) VALUES ('${direction}', 'done', ${number}, ${called}, ${sum});`;
  if (direction === "repeat") {
    return [
      `DELETE FROM ${repeatable} WHERE path = ${called};`,
      // What it made is written down by the next run that applies it.
      `INSERT INTO ${repeatable} (path, checksum, objects, duration_ms) VALUES (${called}, ${sum}, '{}', 0);`,
      told,
    ];
  }
  return [
    direction === "up"
      ? `INSERT INTO ${applied} (version, name, checksum, transactional, origin) VALUES (${number}, ${called}, ${sum}, ${transactional}, 'applied');`
      : `DELETE FROM ${applied} WHERE version = ${number};`,
    told,
  ];
}

function note(risk: string): string {
  return risk === "none" ? "" : ` [${risk}]`;
}

const placeholder = "'[verifier]'";

function withVariable({ sql, variable }: PlannedStatement): string {
  if (variable === undefined) return sql;
  // The last one: a name before it may hold the same.
  const at = sql.lastIndexOf(placeholder);
  return `${sql.slice(0, at)}:'${variable}'${sql.slice(at + placeholder.length)}`;
}

/** Keeps verifiers out of the server's log, as `pulumi up` does, where the login may. */
function renderSilence(): string[] {
  return [
    "SELECT rolsuper AS pgstead_superuser FROM pg_catalog.pg_roles WHERE rolname = current_user \\gset",
    "\\if :pgstead_superuser",
    ...silence.map(([name, value]) => `SET ${name} = '${value}';`),
    "\\endif",
  ];
}

/** The session has the settings that `pulumi up` works with: names mean those of the catalogue, moments are in UTC. */
function renderConnect(database: string): string[] {
  return [
    "",
    `\\connect ${quoteDatabase(database)}`,
    "SET search_path = pg_catalog;",
    "SET TimeZone = 'UTC';",
    "SET lock_timeout = '60s';",
    "",
  ];
}

/** psql takes what looks like a connection string for one: such a name is given inside of one. */
function quoteDatabase(name: string): string {
  if (/^[A-Za-z0-9_]+$/.test(name)) return name;
  if (/[\r\n]/.test(name)) {
    const hint = "run `pulumi up` instead, or rename the database";
    throw problemError(
      "--sql",
      `psql cannot connect to ${JSON.stringify(name)}: its name has a line break`,
      hint,
    );
  }
  const value = name.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
  return `-reuse-previous=on ${quoteIdentifier(`dbname='${value}'`)}`;
}
