import type { Finding } from "../../../components/core/finding";
import { refuseEnding, type EndingWay } from "../../../components/core/operations/ending";
import { blockedThrough, type LockFacts } from "../../../components/core/operations/locks";
import { describeSession, type ServerSession } from "../../../components/core/operations/sessions";
import { renderDuration } from "../../../components/core/duration";
import { problemError } from "../../../components/core/problem";
import { readSession } from "../../../components/io/catalog/sessions";
import { endSession } from "../../../components/io/end-sessions";
import { maintenanceDatabase } from "../../../components/io/session";
import type { CommandContext } from "../command";
import { visible } from "../../../components/core/visible";
import { plural } from "../text";
import type { Watcher } from "../watcher";
import { assertConfirmable, confirm, explainRefusal } from "./confirm";
import type { EndArgs, EndedSession } from "./found";

/**
 * Ends one session, or its statement, after it was shown and confirmed.
 *
 * @throws ProblemError where there is no such session, or it is not ended without --force; CannotTellError where the
 * administrator may not
 */
export async function endOne(
  context: CommandContext,
  watcher: Watcher,
  facts: LockFacts,
  wanted: { readonly way: EndingWay; readonly pid: number },
  args: EndArgs,
): Promise<EndedSession> {
  const { way, pid } = wanted;
  const option = `--${way} ${pid}`;
  assertConfirmable(context, args, option);
  const session = await watcher.look(maintenanceDatabase, (asked) => readSession(asked, pid));
  if (session === undefined) {
    throw problemError(
      option,
      "the server has no session with this pid",
      "`locks` and `connections` show them",
    );
  }
  const refusal = args.force === true ? undefined : refuseEnding(session, way);
  if (refusal !== undefined) throw problemError(option, `pid ${pid} ${refusal.message}`, refusal.hint);
  const blocked = blockedThrough(facts.sessions, pid);
  const question =
    way === "terminate" ? "Type yes to end this session:" : "Type yes to cancel its statement:";
  if (!(await confirm(context, args, describe(session, blocked), question))) {
    return { way, session, blocked, outcome: "declined" };
  }
  try {
    const end = watcher.asAdministrator(maintenanceDatabase, (asked) => endSession(asked, way, session));
    const outcome = await context.progress(`ending pid ${pid}`, end);
    return { way, session, blocked, outcome };
  } catch (error) {
    throw explainRefusal(error, "the administrator");
  }
}

/** What there is to know before it is ended. */
export function describe(session: ServerSession, blocked: readonly number[]): string {
  const { pid, state, statement, stateSeconds, transactionSeconds, sessionSeconds } = session;
  const doing = [
    state,
    ...(stateSeconds === null ? [] : [`for ${renderDuration(stateSeconds)}`]),
    ...(statement === null ? [] : [`(${statement})`]),
  ].join(" ");
  const open =
    transactionSeconds === null ? "" : `, its transaction for ${renderDuration(transactionSeconds)}`;
  const waiters =
    blocked.length === 0
      ? "it blocks nobody"
      : `it blocks ${plural(blocked.length, "session")}: ${blocked.join(", ")}`;
  return visible(
    `pid ${pid}: ${describeSession(session)}, connected for ${renderDuration(sessionSeconds)}; ${doing}${open}; ${waiters}`,
  );
}

/** What of it is not as it was asked for. */
export function endingFindings({ way, session, outcome }: EndedSession): Finding[] {
  const subject = `pid ${session.pid}`;
  switch (outcome) {
    case "ended":
      return [];
    case "gone":
      return [{ subject, message: "had ended by itself: nothing was done", hint: "look again: `locks`" }];
    case "declined":
      return [
        { subject, message: "nothing was ended: yes was not typed", hint: "run this again to type it" },
      ];
    case "remains": {
      const message = `was told to ${way === "terminate" ? "end" : "cancel its statement"} and has not within 5 s`;
      const hint =
        "it rolls back, or hangs in the disk or the network; it ends when that does. Never kill -9 it: the whole server would restart";
      return [{ subject, message, hint }];
    }
  }
}
