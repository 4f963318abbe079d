import type { Finding } from "../../../components/core/finding";
import { readState } from "../../../components/io/backup/state";
import { whenFree } from "../../../components/io/backup/wait-for-repository";
import { readDrills } from "../../../components/io/copies/drilled";
import { changeDrills } from "../../../components/io/copies/known";
import { withDestination } from "../../../components/io/copies/open";
import { problemsOf } from "../../../components/io/copies/sync";
import { toCopyFindings } from "./copies";
import type { BackupPlace } from "./place";

/** Whoever is at the repository may take a while: what came of a drill is not lost meanwhile. */
const patienceMs = 30_000;

/**
 * Reads what drills have left at the copies, wherever they were done, and keeps it with the repository. Copies that it has
 * never sent anything to are left alone.
 */
export async function refreshDrills(place: BackupPlace, signal: AbortSignal): Promise<readonly Finding[]> {
  const { repository, databases, progress, write } = place;
  const findings: Finding[] = [];
  const known = (await readState(repository)).copies;
  for (const copy of place.copies.filter(({ plan }) => known[plan.name] !== undefined)) {
    const { name } = copy.plan;
    const times = { now: Date.now(), signal };
    try {
      const asked = withDestination(copy, (destination) => readDrills(destination, databases, times));
      const drills = await progress(`asking copy ${name}`, asked);
      const say = (text: string): Promise<void> => {
        write(text);
        return Promise.resolve();
      };
      const keep = (): Promise<void> => changeDrills(repository, name, drills);
      await whenFree(repository, "status of copies", { say, signal }, keep, patienceMs);
    } catch (error) {
      signal.throwIfAborted();
      findings.push(...toCopyFindings({ problems: problemsOf(error) }));
    }
  }
  return findings;
}
