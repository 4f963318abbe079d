import type { BackupGate } from "../../components/core/backup-gate/judge";
import { parseTime } from "../../components/core/duration";
import type { WrittenConfig } from "./schema";

const day = 86_400;
const usual = { maxAge: day, drillMaxAge: 8 * day };

/** What a backup has to be before data is lost; undefined: nobody declared any. */
export function resolveGate({ backup }: WrittenConfig): BackupGate | undefined {
  const { gate, backupFirst, logical, physical } = backup;
  const isDeclared = [gate, logical, physical].some((part) => part !== undefined) || backupFirst;
  if (!isDeclared) return undefined;
  const isDrilled = backup.drill !== undefined;
  const drillMaxAge = parseAge(gate?.drillMaxAge ?? "") ?? (isDrilled ? usual.drillMaxAge : undefined);
  return {
    maxAge: parseAge(gate?.maxAge ?? "") ?? usual.maxAge,
    ...(drillMaxAge === undefined ? {} : { drillMaxAge }),
    backupFirst,
  };
}

/** Seconds of a time such as `24h` or `8d`; undefined: it is none. */
export function parseAge(text: string): number | undefined {
  const [, days] = /^(\d{1,4})\s*d$/.exec(text) ?? [];
  if (days !== undefined) return Number(days) * day;
  const ms = parseTime(text);
  return ms === undefined ? undefined : Math.floor(ms / 1_000);
}
