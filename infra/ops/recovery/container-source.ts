import type { OpsContext } from "../../../components/core/ops-context";
import { readArchiver } from "../../../components/io/catalog/archiver";
import { backRest } from "../../../components/io/physical/pgbackrest";
import { runHere } from "../../../components/io/physical/run-here";
import { administratorOf } from "../container/context";
import { lookInto } from "../sessions";
import type { RecoverySource } from "./read-recovery";

/** What the recovery of a stack is read from in its ops container; undefined: no physical backups are declared. */
export function containerRecovery(context: OpsContext, now: number): RecoverySource | undefined {
  const { physical, schedules, stack, timeZone, server } = context;
  const { "physical-full": full, "physical-incremental": incremental } = schedules;
  const { "physical-full-2": secondFull, "physical-incremental-2": secondIncremental } = schedules;
  if (physical === undefined || full === undefined || incremental === undefined) return undefined;
  return {
    stack,
    backend: backRest(runHere, physical.configuration),
    readArchiver: () => lookInto(administratorOf(context), server.maintenanceDatabase, readArchiver),
    schedules: { full, incremental },
    ...(physical.second === undefined || secondFull === undefined || secondIncremental === undefined
      ? {}
      : {
          second: {
            backend: backRest(runHere, physical.configuration, 2),
            where: physical.second,
            schedules: { full: secondFull, incremental: secondIncremental },
          },
        }),
    timeZone,
    now,
  };
}
