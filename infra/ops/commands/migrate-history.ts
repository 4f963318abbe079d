import { renderMoment } from "../../../components/core/migrations/compare-history";
import { fileNameOf, type TrailEntry } from "../../../components/core/migrations/history";
import { readTrail } from "../../../components/io/migrations/history";
import type { OpsCommand } from "../command";
import { renderMs } from "../migrate/declare-look";
import { chooseDatabase, findDatabase, lookAs } from "../migrate/stack-database";
import { renderTable } from "../table";
import { parseLimit } from "../arguments";
import { momentOf, parseMoment, type Moment } from "../moment";

interface HistoryArgs {
  readonly database?: string;
  readonly since?: Moment;
  readonly limit: number;
}

export interface HistoryData {
  readonly database: string;
  /** The newest first. */
  readonly trail: readonly TrailEntry[];
}

/** Shows every run: who, when, how long, and how it ended. */
export const migrateHistoryCommand: OpsCommand<HistoryArgs, HistoryData> = {
  name: "migrate history",
  summary: "show every run: what, who, when, how long, and how it ended",
  declare: (command) => {
    command
      .option("-d, --database <name>", "database, where the stack has several")
      .option(
        "--since <moment>",
        "from then on: 2h or 3d ago, today, yesterday, 2026-03-01T12:00Z",
        parseMoment,
      )
      .option("-n, --limit <count>", "so many, the newest first", parseLimit, 50)
      .addHelpText("after", help);
  },
  async run(context, { database: wanted, since, limit }) {
    const database = await findDatabase(context, chooseDatabase(context.config, wanted));
    const look = lookAs(database, (session) =>
      readTrail(session, { limit, ...(since === undefined ? {} : { since: momentOf(since, Date.now()) }) }),
    );
    const trail = await context.progress(`reading the history of ${database.name}`, look);
    return {
      command: "migrate history",
      stack: context.stack,
      data: { database: database.name, trail },
      findings: [],
    };
  },
  render: ({ data: { database, trail } }, _args, colors) => {
    const rows = trail.map((entry) => [
      renderMoment(entry.at).replace(" UTC", ""),
      entry.action,
      fileNameOf(entry),
      entry.outcome,
      renderMs(entry.durationMs),
      entry.by,
      entry.note ?? "",
    ]);
    const columns = ["when (UTC)", "what", "file", "outcome", "took", "by", "note"];
    const headings = columns.map((heading) => ({ heading, numeric: heading === "took" }));
    return { output: `${renderTable(`Runs on ${database}, the newest first`, headings, rows, colors)}\n` };
  },
};

const help = `
Nothing changes or deletes a row of it: what was taken back, repaired and failed stays. Of errors it has codes and names
of objects, and nothing of rows.

JSON: data.database; data.trail [{ id, at, by, action (up, down, repeat, baseline, repair), outcome (begun, done, failed,
cancelled), version, name, checksum, durationMs | null, note | null }].

Example:
  npm run ops -- migrate history --since 2026-03-01 --stack prod`;
