import {
  explainSettings,
  type SettingOverride,
  type SettingReport,
} from "../../../components/core/operations/settings";
import { planServerAccess } from "../../../components/core/server/access";
import { readServerCatalog } from "../../../components/io/catalog/server";
import { readSettingsCatalog } from "../../../components/io/catalog/settings";
import { maintenanceDatabase } from "../../../components/io/session";
import { planStack } from "../../plan";
import type { Colors } from "../colors";
import type { CommandContext, OpsCommand } from "../command";
import { declaredServer, declaredSettings } from "../../config/declared";
import { upCommand } from "../failure";
import type { Report } from "../report";
import { renderTable } from "../table";
import { plural } from "../text";
import { openWatcher } from "../watcher";

interface SettingsArgs {
  readonly all?: boolean;
  readonly name?: string;
}

/** What `settings` tells, as JSON. */
export interface SettingsData {
  readonly place: string;
  readonly settings: readonly SettingReport[];
  /** Settings of roles and databases. */
  readonly overrides: readonly SettingOverride[];
}

/** Tells how a server is set, and who wants it so. */
export const settingsCommand: OpsCommand<SettingsArgs, SettingsData> = {
  name: "settings",
  summary: "show what differs from PostgreSQL's defaults, and who wants it so",
  declare: (command) => {
    command
      .option("--all", "also what has its default")
      .option("--name <pattern>", "names that are meant; * stands for any text: 'log_*'")
      .addHelpText("after", help);
  },
  run: look,
  render: (report, _args, colors) => ({ output: renderSettings(report, colors) }),
};

const help = `
Each setting has its value, PostgreSQL's default, where it comes from, and who wants it: the declaration, a formula of
tuning with its reason, pgstead where the server runs, initdb, or nobody. What nobody declared, what is not as declared,
what waits for a restart and lines that the server does not take are findings, as in \`drift\`. Values that may hold a
secret are not shown.

JSON: data.settings [{ name, value, default, source, owner, reason, change, pendingRestart, deviates }];
data.overrides [{ role, database, name, value }], of \`ALTER ROLE … SET\` and \`ALTER DATABASE … SET\`.

Examples:
  npm run ops -- settings --stack prod
  npm run ops -- settings --name 'log_*' --all --json`;

async function look(
  context: CommandContext,
  { all = false, name }: SettingsArgs,
): Promise<Report<SettingsData>> {
  const { stack, config, project, progress } = context;
  const watcher = await openWatcher(context);
  const plan = planStack(config);
  const desired = declaredSettings(plan);
  const found = await progress(
    `asking the server at ${watcher.place}`,
    watcher.asAdministrator(maintenanceDatabase, async (session) => {
      const declared = desired?.settings ?? {};
      const catalog = await readSettingsCatalog(session, declared, undefined, desired?.limited?.login);
      return { catalog, server: await readServerCatalog(session) };
    }),
  );
  const access = declaredServer(plan, { project, stack });
  const { statements } = planServerAccess(access, access, found.server);
  const answer = explainSettings({
    catalog: found.catalog,
    ...(desired === undefined ? {} : { desired }),
    overrides: found.server.settings,
    overrideChanges: statements.filter(({ kind }) => kind === "setting"),
    all,
    ...(name === undefined ? {} : { name }),
    mend: upCommand(stack),
  });
  const { settings, overrides, findings } = answer;
  return { command: "settings", stack, data: { place: watcher.place, settings, overrides }, findings };
}

function renderSettings({ stack, data }: Report<SettingsData>, colors: Colors): string {
  const rows = data.settings.map((setting) => [
    setting.name,
    setting.value,
    setting.default,
    setting.change,
    setting.source,
    setting.owner,
    setting.reason,
  ]);
  const columns = ["name", "value", "default", "change", "source", "by", "why"].map((heading) => ({
    heading,
  }));
  const overrides = data.overrides.map(({ role, database, name, value }) => [
    role ?? "all",
    database ?? "all",
    name,
    value,
  ]);
  const sections = [
    `stack ${stack}: ${plural(data.settings.length, "setting")} of the server at ${data.place}`,
    renderTable("Settings", columns, rows, colors),
    ...(overrides.length === 0
      ? []
      : [
          renderTable(
            "Settings of roles and databases",
            ["role", "database", "name", "value"].map((heading) => ({ heading })),
            overrides,
            colors,
          ),
        ]),
  ];
  return `${sections.join("\n\n")}\n`;
}
