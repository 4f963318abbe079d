import { parseTime } from "../../components/core/duration";
import type { Problem } from "../../components/core/problem";
import { at } from "./check-server";
import type { Fault } from "./names";
import { scheduleFault } from "./schedule-fault";
import type { WrittenConfig } from "./schema";
import { renderValue } from "./shape";

const place = ["backup", "physical"] as const;

/** What the types alone cannot tell about physical backups. */
export function checkPhysical({ backup }: WrittenConfig): Problem[] {
  const { physical } = backup;
  if (physical === undefined) return [];
  const { full, incremental, archiveTimeout } = physical;
  const isTwice = full.trim() === incremental.trim();
  return [
    ...at([...place, "full"], scheduleFault(full, "0 1 * * 0")),
    ...at(
      [...place, "incremental"],
      scheduleFault(incremental, "0 1 * * 1-6") ?? (isTwice ? twice : undefined),
    ),
    ...at([...place, "archiveTimeout"], timeoutFault(archiveTimeout)),
  ];
}

const twice: Fault = {
  message: "is the same schedule as that of the full backup: one of the two would find the other under way",
  hint: 'leave the days of the full one out, such as "0 1 * * 1-6"',
};

/** Every file of the log that is not full costs a whole one on the way: less than ten seconds helps nobody. */
function timeoutFault(written: string): Fault | undefined {
  const ms = parseTime(written);
  if (ms === undefined) {
    return {
      message: `${renderValue(written)} is no time`,
      hint: "write a number and s, min or h, such as 60s",
    };
  }
  if (ms >= 10_000 && ms <= 86_400_000 && ms % 1_000 === 0) return undefined;
  return { message: `${renderValue(written)} is not from 10s to 24h`, hint: "write 60s, or up to 24h" };
}
