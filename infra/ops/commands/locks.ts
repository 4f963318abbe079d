import { InvalidArgumentError } from "commander";
import type { Finding } from "../../../components/core/finding";
import type { Thresholds } from "../../../components/core/monitoring/thresholds";
import { renderDuration } from "../../../components/core/duration";
import type { EndingWay } from "../../../components/core/operations/ending";
import {
  blockedThrough,
  lockTree,
  type LockFacts,
  type LockNode,
} from "../../../components/core/operations/locks";
import { problemError } from "../../../components/core/problem";
import { maintenanceDatabase } from "../../../components/io/session";
import type { CommandContext, OpsCommand } from "../command";
import type { LocksArgs, LocksData } from "../locks/found";
import { endingFindings, endOne } from "../locks/end-session";
import { readServerLocks } from "../locks/read-locks";
import { renderLocks } from "../locks/render";
import type { NagiosResult } from "../nagios";
import type { Report } from "../report";
import { plural } from "../text";
import { openWatcher } from "../watcher";

/** Shows who blocks whom, and ends the one that does. */
export const locksCommand: OpsCommand<LocksArgs, LocksData> = {
  name: "locks",
  summary: "show who blocks whom; --terminate <pid> ends a session, --cancel <pid> its statement",
  declare: (command) => {
    command
      .option("--terminate <pid>", "end this session; its transaction is rolled back", parsePid)
      .option("--cancel <pid>", "end the statement of this session, and leave it connected", parsePid)
      .option("--yes", "end it without being asked: for scripts")
      .option("--force", "end also pgstead's own, replication, and the server's own work")
      .option("--queries", "show the text of statements, with the values in them; else their first word")
      .addHelpText("after", help);
  },
  watch: true,
  run: look,
  nagios: tellNagios,
  render: (report, args, colors) => ({ output: renderLocks(report, args, colors) }),
};

const help = `
The tree is that of pg_blocking_pids: a session stands below the one that it waits for, those that wait for nobody first.
pid 0 is a prepared transaction, which has no session. Ends with 1 where somebody waits longer than
pgstead:monitoring.thresholds.lockWait.

--terminate and --cancel show the session and what it blocks, ask, and end it only if it is the very session still; then
they wait until it is gone, at most 5 s. They need the stack's administrator (pg_signal_backend; a superuser for one's).
Exit code 1: it was not confirmed, had gone by itself, or has not ended within 5 s.

JSON: data { place, role, tree [{ pid, depth, blocks, also }], sessions [{ pid, backendStart, user, database, application, address,
state, stateSeconds, transactionSeconds, statement, query, wants { type, target, mode, waitSeconds }, blockedBy }], prepared, advisory
[{ key, database, mode, pid, granted }], ended { way, session, blocked, outcome (ended, remains, gone, declined) } }

Examples:
  npm run ops -- locks --stack prod --watch
  npm run ops -- locks --stack prod --terminate 4711`;

function parsePid(text: string): number {
  const pid = Number(text);
  if (/^\d{1,10}$/.test(text) && pid >= 1 && pid < 2 ** 31) return pid;
  throw new InvalidArgumentError(
    "It is the pid of a session, a whole number; a prepared transaction has none.",
  );
}

async function look(context: CommandContext, args: LocksArgs): Promise<Report<LocksData>> {
  const wanted = assertOne(args);
  const { stack, config, progress } = context;
  const watcher = await openWatcher(context);
  const facts = await progress(
    `asking the server at ${watcher.place}`,
    readServerLocks(watcher, args.queries === true),
  );
  const ended = wanted === undefined ? null : await endOne(context, watcher, facts, wanted, args);
  const tree = lockTree(facts.sessions);
  const role = watcher.roleFor(maintenanceDatabase);
  return {
    command: "locks",
    stack,
    data: { place: watcher.place, role, ...facts, tree, ended },
    findings: ended === null ? judge(facts, tree, config.thresholds) : endingFindings(ended),
  };
}

function assertOne({
  terminate,
  cancel,
  watch,
  nagios,
}: LocksArgs): { way: EndingWay; pid: number } | undefined {
  if (terminate !== undefined && cancel !== undefined) {
    throw problemError(
      "--terminate",
      "stands beside --cancel",
      "one session, one way: leave one of them out",
    );
  }
  const pid = terminate ?? cancel;
  if (pid === undefined) return undefined;
  const way = terminate === undefined ? "cancel" : "terminate";
  if (watch === undefined && nagios !== true) return { way, pid };
  throw problemError(
    `--${way}`,
    "stands beside --watch or --nagios",
    "it is done once, before a person's eyes",
  );
}

function judge(
  { sessions, prepared }: LockFacts,
  tree: readonly LockNode[],
  { lockWait }: Thresholds,
): Finding[] {
  return tree
    .filter(({ depth }) => depth === 0)
    .flatMap(({ pid, blocks }): Finding[] => {
      const below = new Set(blockedThrough(sessions, pid));
      const waits = sessions.flatMap((session) =>
        below.has(session.pid) && session.wants !== null ? [session.wants] : [],
      );
      const [longest] = waits.toSorted((a, b) => b.waitSeconds - a.waitSeconds);
      if (longest === undefined || longest.waitSeconds < lockWait) return [];
      const message = `blocks ${plural(blocks, "session")}; the longest has waited ${renderDuration(longest.waitSeconds)} for ${longest.target} (${longest.mode})`;
      if (pid !== 0) {
        const isActive = sessions.some((session) => session.pid === pid && session.state === "active");
        const cancel = isActive ? `; \`--cancel ${pid}\` its statement only` : "";
        const hint = `\`locks --terminate ${pid}\` ends it, with its transaction${cancel}`;
        return [{ subject: `pid ${pid}`, message, hint }];
      }
      const names = prepared.map(({ name, database }) => `${name} on ${database}`).join(", ");
      const hint = `its owner ends it in its database: ROLLBACK PREPARED '…'; prepared are ${names}`;
      return [{ subject: "prepared transaction", message, hint }];
    });
}

function tellNagios({ data, findings }: Report<LocksData>): NagiosResult {
  const waits = data.sessions.flatMap(({ wants }) => (wants === null ? [] : [wants.waitSeconds]));
  const summary = findings.map(({ subject, message }) => `${subject} ${message}`).join("; ");
  return {
    summary: summary === "" ? `${plural(waits.length, "session")} waiting for a lock` : summary,
    performance: [
      { label: "waiting", value: waits.length, min: 0 },
      { label: "longest_wait", value: Math.max(0, ...waits), unit: "s", min: 0 },
    ],
  };
}
