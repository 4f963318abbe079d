import { InvalidArgumentError } from "commander";
import {
  renderChanges,
  renderWhat,
  renderWho,
  type TrailEntry,
  type TrailFilter,
} from "../../../components/core/audit/entries";
import { renderMoment } from "../../../components/core/migrations/compare-history";
import { nearest } from "../../../components/core/nearest";
import { parseSqlName } from "../../../components/core/privileges/name";
import { visible } from "../../../components/core/visible";
import { readEntries, readTableNames } from "../../../components/io/audit/read-entries";
import type { Session } from "../../../components/io/session";
import { parseLimit } from "../arguments";
import { momentOf, parseMoment, type Moment } from "../moment";
import type { Colors } from "../colors";
import type { CommandContext, OpsCommand } from "../command";
import { chooseDatabase, findDatabase } from "../migrate/stack-database";
import type { Report } from "../report";
import { lookInto } from "../sessions";

interface AuditArgs {
  readonly database?: string;
  readonly table?: Pick<TrailFilter, "schema" | "table">;
  readonly since?: Moment;
  readonly until?: Moment;
  readonly user?: string;
  readonly operation?: string;
  readonly key?: Readonly<Record<string, string>>;
  readonly limit: number;
}

export interface AuditData {
  readonly database: string;
  /** The newest first. */
  readonly entries: readonly TrailEntry[];
  /** Whether there are more than were asked for. */
  readonly more: boolean;
  /** That the table without entries is not there (any more), and which one may be meant; null: it is there. */
  readonly missing: string | null;
}

/** Reads the trail: who changed what, and when. */
export const auditCommand: OpsCommand<AuditArgs, AuditData> = {
  name: "audit",
  summary: "read the trail: who changed which row, when, from what to what",
  declare: (command) => {
    command
      .option("-d, --database <name>", "database, where the stack has several")
      .option("-t, --table <name>", "table with its schema, such as app.orders", parseTable)
      .option(
        "-k, --key <column=value>",
        "of the row with this key; several times for several columns",
        addKey,
      )
      .option(
        "--since <moment>",
        "from then on: 2h or 3d ago, today, yesterday, 2026-03-01T12:00Z",
        parseMoment,
      )
      .option("--until <moment>", "before then, in the same form", parseMoment)
      .option("-u, --user <name>", "by a login, a role, or whom the application says (app.user)")
      .option(
        "-o, --operation <word>",
        "one of insert, update, delete, truncate, ddl, restore",
        parseOperation,
      )
      .option("-n, --limit <count>", "so many, the newest first", parseLimit, 50)
      .addHelpText("after", help);
  },
  run,
  render: (report, _args, colors) => ({ output: renderTrail(report, colors) }),
};

const help = `
A key that changed is a DELETE of the old one and an INSERT of the new one, in one transaction. Whom the application
says is what it says: nobody has proven it. Excluded columns are in no entry.

JSON: data.database; data.more; data.missing (that the table of no entry is not there | null); data.entries [{ id, at,
transaction, login, role | null, appUser | null, application | null, address | null, operation (INSERT, UPDATE, DELETE,
TRUNCATE, DDL, RESTORE), table | null, key | null, old | null, new | null, command | null, object | null }], rows whole.

Examples:
  npm run ops -- audit --table app.orders --since 2026-03-01 --user shop_app
  npm run ops -- audit --table app.orders --key id=42 --json --stack prod`;

async function run(context: CommandContext, args: AuditArgs): Promise<Report<AuditData>> {
  const { administrator, name } = await findDatabase(context, chooseDatabase(context.config, args.database));
  const now = Date.now();
  const { table, since, until, user, operation, key, limit } = args;
  const filter: TrailFilter = {
    ...table,
    ...(since === undefined ? {} : { since: momentOf(since, now) }),
    ...(until === undefined ? {} : { until: momentOf(until, now) }),
    ...(user === undefined ? {} : { user }),
    ...(operation === undefined ? {} : { operation }),
    ...(key === undefined ? {} : { key }),
    limit,
  };
  const look = lookInto(administrator, name, async (session) => {
    const found = await readEntries(session, filter);
    return { found, missing: found.length > 0 ? null : await missingTable(session, filter) };
  });
  const { found, missing } = await context.progress(`reading the trail of ${name}`, look);
  const data = { database: name, entries: found.slice(0, limit), more: found.length > limit, missing };
  return { command: "audit", stack: context.stack, data, findings: [] };
}

/** A trail outlives its table, so that a name that is not there is no error. */
async function missingTable(session: Session, { schema, table }: TrailFilter): Promise<string | null> {
  if (schema === undefined || table === undefined) return null;
  const name = `${schema}.${table}`;
  const names = await readTableNames(session);
  if (names.includes(name)) return null;
  const meant = nearest(name, names);
  return `there is no table ${name}${meant === undefined ? "" : `; did you mean ${meant}?`}`;
}

function renderTrail(
  { data: { database, entries, more, missing } }: Report<AuditData>,
  colors: Colors,
): string {
  const title = colors.bold(`Trail of ${database}, the newest first`);
  if (entries.length === 0) return `${title}\n  none${missing === null ? "" : `: ${visible(missing)}`}\n`;
  const lines = entries.flatMap((entry) => [
    `  ${renderMoment(entry.at)}  ${visible(renderWhat(entry))}  ${colors.dim(visible(`by ${renderWho(entry)}`))}`,
    ...renderChanges(entry).map((line) => `    ${visible(line)}`),
  ]);
  const rest = more ? ["  … and more; --limit and --since say how many"] : [];
  return `${[title, ...lines, ...rest].join("\n")}\n`;
}

function parseTable(text: string): Pick<TrailFilter, "schema" | "table"> {
  const [schema, table, ...rest] = parseSqlName(text)?.path ?? [];
  if (schema === undefined || table === undefined || rest.length > 0) {
    throw new InvalidArgumentError("Write it with its schema, such as app.orders.");
  }
  return { schema, table };
}

const operations = ["INSERT", "UPDATE", "DELETE", "TRUNCATE", "DDL", "RESTORE"];

function parseOperation(text: string): string {
  const word = text.toUpperCase();
  if (operations.includes(word)) return word;
  throw new InvalidArgumentError(`It is one of ${operations.join(", ").toLowerCase()}.`);
}

function addKey(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const [, column, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (column === undefined || value === undefined) throw new InvalidArgumentError("Write it such as id=42.");
  return { ...before, [column]: value };
}
