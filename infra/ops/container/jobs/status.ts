import type { OpsContext } from "../../../../components/core/ops-context";
import { problemError } from "../../../../components/core/problem";
import { administratorOf } from "../context";
import type { Job } from "../job";
import { readStatus, type StatusSource } from "../../read-status";
import { untold } from "../../../../components/io/progress";

/**
 * Looks every night whether the server is as declared: the report of `status`. A finding is told and is a failure of
 * the job, as an alert watches those.
 */
export function statusJob(context: OpsContext): Job {
  return {
    name: "status",
    summary: "look whether databases, schemas, extensions and roles are as declared",
    timeoutMs: 300_000,
    runsAtStart: false,
    async run({ log, signal }) {
      const { data, findings } = await readStatus(statusSource(context));
      signal.throwIfAborted();
      for (const { subject, message, hint } of findings) log.warning(`${subject}: ${message}`, { hint });
      const { version, connections, maxConnections } = data.server;
      const databases = data.databases.length;
      log.info("looked at the server", { version, connections, maxConnections, databases });
      if (findings.length > 0) throw notAsDeclared(context.stack, findings.length);
    },
  };
}

/** What `status` is read from inside of the container. */
export function statusSource(context: OpsContext): StatusSource {
  const { stack, service, server } = context;
  return {
    stack,
    service,
    administrator: administratorOf(context),
    maintenanceDatabase: server.maintenanceDatabase,
    // Nobody waits at a terminal: how long a run takes is a metric.
    progress: untold,
  };
}

function notAsDeclared(stack: string, count: number): Error {
  return problemError(
    `the server of stack ${stack}`,
    count === 1 ? "1 finding: it is not as declared" : `${count} findings: it is not as declared`,
    "the lines before this one say what, and how to mend it",
  );
}
