import { assertionsOf } from "../../core/drill/assertion";
import type { DrillAssertion } from "../../core/drill/plan";
import { firstOf } from "../../core/drill/result";
import { checkStructure } from "./amcheck";
import { checkAssertions } from "./assertions";
import type { DrillRecord } from "./record";
import type { ThrowawayServer } from "./throwaway-server";

/** What a restored database is looked at with. */
export interface InspectOrder {
  readonly server: ThrowawayServer;
  /** Its name in the configuration. */
  readonly declared: string;
  /** Its name on the restored server. */
  readonly database: string;
  readonly assertions: readonly DrillAssertion[];
  readonly assertionTimeoutMs: number;
  /** Directories that may have pg_amcheck. */
  readonly programs: readonly string[];
  readonly signal: AbortSignal;
}

/** Checks tables and indexes of a restored database, and asks what its users want to hold. */
export async function inspectDatabase(record: DrillRecord, order: InspectOrder): Promise<void> {
  const { server, declared, database, signal, assertionTimeoutMs } = order;
  const { administrator } = server;
  const own = assertionsOf(order.assertions, declared);
  record.assertions += own.length;
  // Before the other look, which makes an extension.
  const ask = { server, database, assertions: own, timeoutMs: assertionTimeoutMs, signal };
  if (own.length > 0) {
    record.faults.push(
      ...(await record.step(`assertions in ${declared}`, () => checkAssertions(ask))).map(
        (fault) => `${declared}: ${fault}`,
      ),
    );
  }
  const look = { administrator, database, directories: order.programs, signal };
  const structure = await record.step(`tables and indexes of ${declared}`, () => checkStructure(look));
  record.structure = structure.by ?? record.structure;
  if (structure.by === null) {
    record.notes.push(`tables and indexes of ${declared} were not checked: ${structure.reason}`);
  } else {
    record.faults.push(
      ...firstOf(structure.faults).map((fault) => `${structure.by} in ${declared}: ${fault}`),
    );
  }
}
