import { mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { resolveDashboards } from "../../../components/core/monitoring/dashboards";
import { renderDashboardFiles } from "../../../components/core/monitoring/grafana/provisioning";
import { problemError } from "../../../components/core/problem";
import { replaceFile } from "../../../components/io/replace-file";
import type { Colors } from "../colors";
import type { CommandContext, OpsCommand, Rendering } from "../command";
import type { Report } from "../report";
import { renderTable } from "../table";
import { plural } from "../text";

export interface DashboardsArgs {
  readonly out?: string;
}

export interface DashboardsData {
  /** Where their files are; null: none were asked for. */
  readonly directory: string | null;
  readonly dashboards: readonly DashboardSummary[];
}

export interface DashboardSummary {
  /** Part of Grafana's address. */
  readonly uid: string;
  readonly title: string;
  /** What it answers. */
  readonly question: string;
  readonly panels: number;
  /** Name of its file in the directory. */
  readonly file: string;
  /** What became of the file; null: none was asked for. */
  readonly state: "written" | "unchanged" | null;
}

/** Writes the dashboards for a Grafana that somebody has already. */
export const dashboardsCommand: OpsCommand<DashboardsArgs, DashboardsData> = {
  name: "dashboards",
  summary: "list the dashboards, or write them as Grafana's JSON",
  declare: (command) => {
    command
      .option(
        "-o, --out <directory>",
        "write a file for each; the directory is made, and their files are replaced",
      )
      .addHelpText("after", help);
  },
  run,
  render,
};

const help = `
Colours change at the stack's own thresholds (pgstead:monitoring.thresholds). The data source is a variable: Grafana asks
which Prometheus it is. On target docker pgstead:monitoring.grafana makes a Grafana that has them.

JSON: data.directory | null, data.dashboards [{ uid, title, question, panels, file, state: written | unchanged | null }].

Examples:
  npm run ops -- dashboards --stack prod --out dashboards
  jq '{ dashboard: ., overwrite: true }' dashboards/pgstead-overview.json |
    curl -fsS -H 'Content-Type: application/json' -H "Authorization: Bearer $TOKEN" -d @- https://grafana.example.com/api/dashboards/db`;

async function run(
  { stack, config }: CommandContext,
  { out }: DashboardsArgs,
): Promise<Report<DashboardsData>> {
  const directory = out === undefined ? null : resolve(out);
  const texts = renderDashboardFiles(config.thresholds);
  const states = directory === null ? {} : await writeFiles(directory, texts);
  const dashboards = resolveDashboards(config.thresholds).map(({ uid, title, question, panels }) => {
    const file = `${uid}.json`;
    return { uid, title, question, panels: panels.length, file, state: states[file] ?? null };
  });
  return { command: "dashboards", stack, findings: [], data: { directory, dashboards } };
}

type States = Readonly<Record<string, "written" | "unchanged">>;

async function writeFiles(directory: string, texts: Readonly<Record<string, string>>): Promise<States> {
  try {
    await mkdir(directory, { recursive: true });
    const states: Record<string, "written" | "unchanged"> = {};
    for (const [name, text] of Object.entries(texts)) {
      const path = join(directory, name);
      const isSame = (await readIfThere(path)) === text;
      if (!isSame) await replaceFile(path, text, 0o644);
      states[name] = isSame ? "unchanged" : "written";
    }
    return states;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const hint = "name a directory that this account may write, or one that is not there yet";
    throw problemError("--out", `${directory} cannot be written: ${message}`, hint);
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function render({ data }: Report<DashboardsData>, _args: DashboardsArgs, colors: Colors): Rendering {
  const { directory, dashboards } = data;
  const list = renderTable(
    "dashboards",
    [{ heading: "title" }, { heading: "answers" }, { heading: "panels", numeric: true }, { heading: "file" }],
    dashboards.map(({ title, question, panels, file }) => [title, question, panels, file]),
    colors,
  );
  const written = dashboards.filter(({ state }) => state === "written").length;
  const end =
    directory === null
      ? "`--out <directory>` writes them for a Grafana that is there."
      : `${plural(written, "file")} written to ${directory}${written < dashboards.length ? "; the others are as they were" : ""}.`;
  return { output: `${list}\n\n${end}\n` };
}
