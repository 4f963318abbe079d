import type { Finding } from "../../../components/core/finding";
import type { RestoreRecord } from "../../../components/core/physical/generations";
import type { RecoveryEnd } from "../../../components/core/physical/recovery-settings";
import { renderMoment } from "../../../components/core/physical/window";
import { ProblemError } from "../../../components/core/problem";
import { recordRestore } from "../../../components/io/audit/record-restore";
import type { PitrBackend } from "../../../components/io/physical/backend";
import { containerPlaces } from "../../../components/core/physical/configuration";
import { backRest } from "../../../components/io/physical/pgbackrest";
import { runInContainer } from "../../../components/io/physical/run-in-container";
import { keepVerifiers, prepareSwap, swapGenerations } from "../../../components/io/physical/swap-generation";
import type { WorkContainer } from "../../../components/io/physical/work-container";
import { withSession } from "../../../components/io/session";
import type { MomentData, MomentPlace, MomentResult, MomentTalk } from "./point-in-time-place";
import { errorMessage } from "../../../components/core/error-message";

export interface PutOptions {
  readonly record: RestoreRecord;
  readonly end: RecoveryEnd;
  readonly isLive: boolean;
  readonly backup: boolean;
}

/**
 * Puts a generation in the place of the one in use, writes it into the trails, proves that the log arrives on its new line,
 * and takes a full backup there.
 */
export async function putInPlace(
  place: MomentPlace,
  work: WorkContainer,
  { record, end, isLive, backup }: PutOptions,
  shown: MomentData,
  talk: MomentTalk,
): Promise<MomentResult> {
  const { say } = talk;
  await prepareSwap(work, record.generation, end);
  if (isLive) await keepVerifiers(work, record.generation);
  await swapGenerations(work, record, say);
  const trails = await writeTrails(place, record);
  const run = runInContainer(place.work.endpoint, work.server);
  const backend = backRest(run, containerPlaces.configuration, place.work.repository);
  const after = backup ? await backUp(backend, talk) : [notTaken];
  return {
    data: { ...shown, inUse: true, fullBackup: after.length === 0 },
    findings: [...trails, ...after],
  };
}

async function writeTrails(
  { databases, administrator }: MomentPlace,
  { kind, target, from, generation }: RestoreRecord,
): Promise<readonly Finding[]> {
  const moment = target === null ? "the end of the log" : renderMoment(target);
  const command =
    kind === "restore"
      ? `restore of the server to ${moment}`
      : `undo of a restore: generation ${generation} in place of ${from}`;
  const findings: Finding[] = [];
  for (const { name, trailOwner } of databases) {
    if (trailOwner === undefined) continue;
    try {
      await withSession(administrator, { database: name, applicationName: "pgstead ops" }, (session) =>
        recordRestore(session, trailOwner, { command, object: `database ${name}` }),
      );
    } catch (error) {
      // At that moment there was no such database, role or column: the restore stands.
      const message = `does not tell of the restore: ${errorMessage(error)}`;
      const hint = "`npm run ops -- drift` shows what is not as declared";
      findings.push({ subject: `trail ${name}.audit.change_log`, message, hint });
    }
  }
  return findings;
}

const takeOne = "take one: `docker exec <name>-ops node /usr/lib/pgstead/ops.cjs run physical-full`";

const notTaken: Finding = {
  subject: "full backup",
  message:
    "there is none on the new line of the log yet: moments from now on need what was taken before the restore",
  hint: takeOne,
};

async function backUp(
  backend: PitrBackend,
  { say, signal, progress }: MomentTalk,
): Promise<readonly Finding[]> {
  try {
    await progress("waiting until the log arrives on its new line", backend.check({ say, signal }));
    await say("taking a full backup; the server is in use again");
    const warnings = await progress("the full backup", backend.back("full", { say, signal }));
    return warnings.map((message) => ({ subject: "full backup", message, hint: "is the disk sound?" }));
  } catch (error) {
    const message = error instanceof ProblemError ? (error.problems[0]?.message ?? "") : String(error);
    return [{ subject: "full backup", message: `was not taken: ${message}`, hint: takeOne }];
  }
}
