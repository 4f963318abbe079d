import { recoverySteps } from "../../core/physical/plan";
import { renderDuration } from "../../core/duration";
import { problemError } from "../../core/problem";
import type { Statement } from "../../core/statement";
import { applySettings, type SettingsWay } from "../settings-apply";
import type { Waiting } from "../waiting";
import type { PitrBackend } from "./backend";

export interface RecoveryWay {
  readonly backend: PitrBackend;
  /** Of the second repository. */
  readonly second: PitrBackend;
  readonly settings: SettingsWay;
  readonly waiting: Waiting;
}

/** Does what a plan of recovery says, in its order. Killed anywhere, the next plan has what is left. */
export async function bringRecoveryAbout(
  statements: readonly Statement[],
  { backend, second, settings, waiting }: RecoveryWay,
): Promise<void> {
  const isPlanned = (name: keyof typeof recoverySteps): boolean =>
    statements.some(({ sql }) => sql === recoverySteps[name]);
  const steps: readonly string[] = Object.values(recoverySteps);
  const archiving = statements.filter(({ sql }) => !steps.includes(sql));

  if (isPlanned("prepare")) await backend.prepare();
  if (archiving.length > 0) await applySettings(archiving, settings);
  if (isPlanned("check")) await backend.check(waiting);
  if (isPlanned("full")) await takeFull(backend, waiting);
  if (isPlanned("secondFull")) await takeFull(second, waiting);
}

/** How often a backup that takes long says that it goes on. */
const telling = 30_000;

async function takeFull(backend: PitrBackend, waiting: Waiting): Promise<void> {
  const since = Date.now();
  const teller = setInterval(() => {
    const elapsed = renderDuration((Date.now() - since) / 1_000);
    void waiting.say(`the first full backup is under way for ${elapsed}`);
  }, telling);
  try {
    const warnings = await backend.back("full", waiting);
    if (warnings.length > 0) throw notGood(warnings);
  } finally {
    clearInterval(teller);
  }
}

function notGood(warnings: readonly string[]): Error {
  return problemError(
    "the first full backup",
    `is there, and not to be counted on: ${warnings.slice(0, 3).join("; ")}`,
    "look whether the disk is sound (pg_amcheck says which tables are broken), mend them, then run this again",
  );
}
