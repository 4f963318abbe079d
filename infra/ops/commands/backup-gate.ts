import type { GateVerdict } from "../../../components/core/backup-gate/plan";
import { problemError } from "../../../components/core/problem";
import { judgeDatabase } from "../backup/gate";
import type { CommandContext, OpsCommand } from "../command";
import type { Report } from "../report";

export interface GateData {
  readonly databases: readonly {
    readonly database: string;
    readonly counts: boolean;
    readonly message: string;
  }[];
}

/** Says what a plan that loses data would be told. */
export const backupGateCommand: OpsCommand<object, GateData> = {
  name: "backup gate",
  summary: "say whether a backup counts before data is lost; 1: none does",
  declare: (command) => {
    command.addHelpText("after", help);
  },
  run,
  render: ({ data }) => ({
    output: data.databases.map(({ database, message }) => `${database}: ${message}\n`).join(""),
  }),
};

const help = `
What loses data, such as DROP TABLE in a migration or a schema that left the configuration, waits for a backup of its
database that is newer than pgstead:backup.gate.maxAge (24h), whose checksums were good at the last look, and of a kind
that \`backup drill\` restored within pgstead:backup.gate.drillMaxAge (8d, where drills are declared). With
pgstead:backup.backupFirst the run takes that backup itself.

JSON: data.databases [{ database, counts, message }].

Example:
  npm run ops -- backup gate --stack prod`;

async function run(context: CommandContext): Promise<Report<GateData>> {
  const { stack, config } = context;
  if (config.backup.gate === undefined) {
    throw problemError(
      `stack ${stack}`,
      "declares no backups, so that none is asked for: each loss needs its entry in pgstead:allowDataLoss",
      "declare some, such as `pgstead:backup: { logical: {} }`",
    );
  }
  const judged: { database: string; verdict: GateVerdict | undefined }[] = [];
  for (const { name: database } of config.databases) {
    const verdict = await context.progress(
      `looking at the backups of ${database}`,
      judgeDatabase(context, database),
    );
    judged.push({ database, verdict });
  }
  const databases = judged.map(({ database, verdict }) => ({
    database,
    counts: verdict?.kind !== "missing",
    message: describe(verdict),
  }));
  const findings = judged.flatMap(({ database, verdict }) =>
    verdict?.kind === "missing"
      ? [{ subject: `database ${database}`, message: verdict.message, hint: verdict.hint }]
      : [],
  );
  return { command: "backup gate", stack, data: { databases }, findings };
}

function describe(verdict: GateVerdict | undefined): string {
  if (verdict === undefined) return "holds no table: there is nothing to lose";
  if (verdict.kind === "counts") return verdict.told;
  return verdict.kind === "first" ? "a backup is taken before anything is lost" : "no backup counts";
}
