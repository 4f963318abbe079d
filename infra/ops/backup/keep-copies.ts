import type { Finding } from "../../../components/core/finding";
import { assertOwnCopies } from "../../../components/io/copies/belongs";
import type { Destination } from "../../../components/io/copies/destination";
import { changeKnown, copyRetention } from "../../../components/io/copies/known";
import { withDestination } from "../../../components/io/copies/open";
import { problemsOf } from "../../../components/io/copies/sync";
import { verifyCopy } from "../../../components/io/copies/verify";
import { copyBytes } from "../../../components/core/copies/copy-index";
import type { DatabaseRetention } from "../../../components/io/backup/prune";
import { readState } from "../../../components/io/backup/state";
import { toCopyFindings } from "./copies";
import { stackName, type BackupPlace } from "./place";

/** A backup at a copy that was read. */
export interface VerifiedCopy {
  readonly name: string;
  readonly copy: string;
  /** Empty: it is good. */
  readonly faults: readonly string[];
}

/** What stays and goes at a copy. */
export interface CopyRetention extends DatabaseRetention {
  readonly copy: string;
}

type Found<Name extends string, What> = Readonly<Record<Name, What>> & { readonly findings: Finding[] };

/** Does something at every copy; one that does not answer is a finding, and keeps no other from its turn. */
async function atEach(
  { copies }: BackupPlace,
  signal: AbortSignal,
  use: (destination: Destination) => Promise<void>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const copy of copies) {
    try {
      await withDestination(copy, use);
    } catch (error) {
      signal.throwIfAborted();
      findings.push(...toCopyFindings({ problems: problemsOf(error) }));
    }
  }
  return findings;
}

/** Reads every byte of backups at every copy that has them. Under the repository's lock. */
export async function verifyAtCopies(
  place: BackupPlace,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Found<"copies", readonly VerifiedCopy[]>> {
  const { repository } = place;
  const copies: VerifiedCopy[] = [];
  const failed = await atEach(place, signal, async (destination) => {
    const { whole } = await destination.list(signal);
    const known = (await readState(repository)).copies[destination.name]?.backups ?? {};
    for (const name of names.filter((one) => whole.includes(one))) {
      const before = known[name];
      const look = verifyCopy(destination, name, before?.sha256, signal);
      const {
        faults,
        index,
        sha256 = "",
      } = await place.progress(`reading ${name} at ${destination.name}`, look);
      const check = { at: new Date().toISOString(), faults };
      const first = {
        sentAt: index?.sentAt ?? check.at,
        bytes: index === undefined ? 0 : copyBytes(index),
        sha256,
      };
      await changeKnown(repository, destination.name, { [name]: { ...(before ?? first), check } });
      copies.push({ name, copy: destination.name, faults });
    }
  });
  const hint = "the next run sends it again while the backup is there: `backup send`";
  const damaged = copies.flatMap(({ name, copy, faults }) =>
    faults.map((message) => ({ subject: `${name} at ${copy}`, message, hint })),
  );
  return { copies, findings: [...damaged, ...failed] };
}

/** Removes at every copy what the rules do not want any more; or says what that would be. */
export async function pruneCopies(
  place: BackupPlace,
  { dryRun, now }: { readonly dryRun: boolean; readonly now: number },
  signal: AbortSignal,
): Promise<Found<"copies", readonly CopyRetention[]>> {
  const { repository, plan, stack } = place;
  const copies: CopyRetention[] = [];
  const failed = await atEach(place, signal, async (destination) => {
    const { name: copy } = destination;
    const { whole } = await destination.list(signal);
    const state = await readState(repository);
    const unknown = whole.filter((name) => state.copies[copy]?.backups[name] === undefined);
    await assertOwnCopies(destination, unknown, stackName(stack), signal);
    const plans = copyRetention(state, copy, whole, { keep: plan.keep, now });
    copies.push(...plans.map((one) => ({ ...one, copy })));
    for (const { name } of dryRun ? [] : plans.flatMap(({ remove }) => remove)) {
      await destination.remove(name, signal);
      await changeKnown(repository, copy, { [name]: undefined });
    }
  });
  const refused = copies.flatMap(({ database, copy, refused: message }) =>
    message === undefined
      ? []
      : [{ subject: `copies of ${database} at ${copy}`, message, hint: "`backup status` says more" }],
  );
  return { copies, findings: [...refused, ...failed] };
}
