import { Option } from "commander";
import { drillKinds, type DrillKind } from "../../../components/core/drill/plan";
import { ProblemError, type Problem } from "../../../components/core/problem";
import { readBackupStatus } from "../backup/look";
import { refreshDrills } from "../backup/refresh";
import { orBusy, type RunBackupWork } from "../backup/work";
import type { OpsCommand } from "../command";
import type { Report } from "../report";
import { runCopyDrills, type CopyDrillArgs } from "./copy-run";
import { renderDrills } from "./render";
import { runDrills, type DrillData } from "./run";

interface DrillArgs {
  readonly operands: readonly string[];
  readonly kind?: DrillKind;
  readonly copy?: string;
  readonly identity?: string;
  readonly database?: string;
}

/**
 * The same on the command line and in the ops container.
 *
 * @param run where the repository is
 * @param runHere on the machine of whoever asks, which has the key of the copies
 */
export function drillCommand<Context>(
  run: RunBackupWork<Context>,
  runHere: RunBackupWork<Context>,
  example: (line: string) => string,
): OpsCommand<DrillArgs, DrillData, Context> {
  return {
    name: "backup drill",
    summary:
      "restore the newest backup of each kind to a server that is thrown away; 1: it is not to be counted on",
    declare: (command) => {
      command
        .argument("[backup]", "with --copy: one of `backup copies`; default: the newest of each database")
        .addOption(new Option("--kind <kind>", "only this one of the kinds").choices(drillKinds))
        .option("--copy <name>", "backups as this one of pgstead:backup.copies has them, restored here")
        .option("--identity <file>", "with --copy: file with the key of age; -: standard input")
        .option("-d, --database <name>", "with --copy: only this one of the stack's databases")
        .addHelpText("after", `${help}\n${examples.map(example).join("").trimStart()}`);
    },
    run: (context, args) => {
      const { copy, kind } = assertFits(args);
      if (copy !== undefined) return drillHere(run, runHere, context, copy);
      return run(
        context,
        ["backup", "drill", ...(kind === undefined ? [] : ["--kind", kind])],
        (place, signal) =>
          orBusy(
            place,
            { repository: place.repository, drills: [] },
            "backup drill",
            runDrills(place, kind, signal),
          ),
      );
    },
    render: ({ data }) => ({ output: renderDrills(data) }),
  };
}

/** @throws ProblemError with everything that does not fit */
function assertFits({ operands: [name], kind, copy, identity, database }: DrillArgs): {
  readonly kind?: DrillKind | undefined;
  readonly copy?: CopyDrillArgs | undefined;
} {
  const problems: Problem[] = [];
  if (copy === undefined) {
    const alone = { "--identity": identity, "--database": database, [name ?? ""]: name };
    for (const [path, value] of Object.entries(alone)) {
      if (value === undefined) continue;
      const hint = "say which copy: --copy <name>; without one the newest backup of each kind is drilled";
      problems.push({ path, message: "stands without --copy", hint });
    }
  } else {
    if (kind === "physical") {
      const hint = "leave --kind out, or --copy: the scheduled drills restore physical ones";
      problems.push({ path: "--kind", message: "copies hold no physical backups", hint });
    }
    if (name !== undefined && database !== undefined) {
      const hint = "leave it out: the name says it";
      problems.push({ path: "--database", message: `stands beside ${name}`, hint });
    }
  }
  if (problems.length > 0) throw new ProblemError("the command line is not usable", problems);
  return copy === undefined ? { kind } : { copy: { copy, name, identity, database } };
}

async function drillHere<Context>(
  run: RunBackupWork<Context>,
  runHere: RunBackupWork<Context>,
  context: Context,
  args: CopyDrillArgs,
): Promise<Report<DrillData>> {
  const report = await runHere<DrillData>(context, [], (place, signal) =>
    orBusy(
      place,
      { repository: place.repository, drills: [] },
      "backup drill",
      runCopyDrills(place, args, signal),
    ),
  );
  if (report.data.drills.length === 0) return report;
  const note = await tell(run, context, report.data);
  return note === undefined ? report : { ...report, data: { ...report.data, notes: [note] } };
}

/** Has who knows the repository read the results now: its next run would do so as well. @returns why it did not */
async function tell<Context>(
  run: RunBackupWork<Context>,
  context: Context,
  { drills }: DrillData,
): Promise<string | undefined> {
  const later = "`backup status` of the stack shows this after its next backup";
  try {
    const { data } = await run(context, ["backup", "status", "--refresh"], async (place, signal) => {
      await refreshDrills(place, signal);
      return readBackupStatus(place, Date.now());
    });
    const isKnown = ({ copy, database, endedAt }: DrillData["drills"][number]): boolean =>
      data.copies.some(
        (one) => one.copy === copy && one.database === database && one.lastDrilledAt === endedAt,
      );
    return drills.every(isKnown) ? undefined : later;
  } catch (error) {
    const why = error instanceof ProblemError ? (error.problems[0]?.message ?? error.title) : String(error);
    return `${later}: it could not be told now (${why})`;
  }
}

const examples = [
  "backup drill --kind logical",
  "backup drill --copy offsite --identity key.txt",
  "backup drill shop_full_20261121_020000 --copy offsite --identity key.txt",
];

const help = `
The server is of the backup's version and listens on a socket of its own alone; it ends, and goes, with the command,
however that ends. Compared with the backup: rows of each table, schema, roles and privileges. Then every table and index
is checked (pg_amcheck), and pgstead:backup.drill.assertions are asked, read-only. Physical backups are restored to the
newest moment, and so are those of a second repository (physical-2), from there. Nothing of the stack's own server is touched.

With --copy it runs on this machine, where the key is, and needs neither the repository nor the stack's server: the backup
is fetched, decrypted, compared with its manifest, restored, and both go again. The key goes nowhere. What came of it is
left at the copy without a word of what is in the backup; \`backup status\` of the stack shows it at once where it can be
told, else after its next backup.

A drill that cannot be done here, as for want of room or of an extension, is a finding as well (1) and says nothing of the
backup. 2: the key, the copy or the backup's name is wrong. 3: the copy does not answer.

JSON: data.drills [{ kind, backup, database, copy, startedAt, endedAt, faults, notes, restoreSeconds (RTO), recoverableAt,
recoverableAgeSeconds (RPO), steps [{ name, seconds }], serverVersion, structure, assertions, report }]; data.notes.`;
