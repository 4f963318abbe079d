import { readFile } from "node:fs/promises";
import {
  parseDeclaredAccess,
  type DeclaredAccess,
} from "../../../../components/core/operations/declared-access";
import type { OpsDrift } from "../../../../components/core/ops/files";
import type { OpsContext } from "../../../../components/core/ops-context";
import { problemError } from "../../../../components/core/problem";
import { visible } from "../../../../components/core/visible";
import { compareAll } from "../../drift/compare";
import { databaseSources, serverSources } from "../../drift/declared-sources";
import type { DriftItem } from "../../drift/drift-item";
import { lookInto } from "../../sessions";
import type { Clock } from "../clock";
import { administratorOf } from "../context";
import { readFoundDrift, writeFoundDrift } from "../found-drift";
import type { Job } from "../job";

/**
 * Compares the live server with what is declared, as `drift` on the command line does, but for what takes the project's
 * files: schema objects, which migrations make, and migrations that wait.
 *
 * A difference is no failure of the job: it is a figure of its own (`pgstead_drift_objects`), and a line when it is new.
 */
export function driftJob(context: OpsContext, drift: OpsDrift, { clock }: { readonly clock: Clock }): Job {
  return {
    name: "drift",
    summary:
      "compare roles, privileges, settings, pg_hba.conf, schemas, extensions and audit with the declaration",
    timeoutMs: 300_000,
    // An `up` that has just started this container may not be at its end.
    runsAtStart: false,
    async run({ log, signal }) {
      const before = await readFoundDrift(drift.found).catch(() => undefined);
      const { drift: items, compared, unseen } = await compare(context, drift);
      signal.throwIfAborted();
      const [first] = unseen;
      if (items.length === 0 && first !== undefined) throw notSeen(first);
      const differences = items.map(describeItem);
      const known = new Set(before?.differences);
      for (const difference of differences.filter((one) => !known.has(one))) {
        log.warning(`not as declared: ${difference}`);
      }
      await writeFoundDrift(drift.found, {
        checkedAt: new Date(clock.now()).toISOString(),
        compared,
        unseen: unseen.map(({ what }) => what),
        differences,
      });
      log.info("compared the server with what is declared", { differences: differences.length, compared });
    },
  };
}

async function compare(context: OpsContext, drift: OpsDrift): ReturnType<typeof compareAll> {
  const declared = await readDeclared(drift.declaration, context.version);
  const sources = [...serverSources(declared), ...declared.databases.flatMap(databaseSources)];
  return compareAll(sources, (database, look) => lookInto(administratorOf(context), database, look));
}

async function readDeclared(file: string, version: string): Promise<DeclaredAccess> {
  return parseDeclaredAccess(await readFile(file, "utf8"), file, version);
}

function describeItem({ kind, resource, sql, subject, message }: DriftItem): string {
  const text = sql === undefined ? `${subject ?? resource}: ${message}` : `${sql}; -- ${message}`;
  return `${kind}: ${visible(text.replace(/\s*\n\s*/g, " "))}`;
}

function notSeen({ what, reason }: { readonly what: string; readonly reason: string }): Error {
  return problemError(
    what,
    `could not be compared: ${reason}`,
    "does the administrator get into that database? See pg_hba.conf and ALLOW_CONNECTIONS",
  );
}
