import { InvalidArgumentError } from "commander";
import type { Finding } from "../../../components/core/finding";
import { idleStates, selectIdle, type EndingOutcome } from "../../../components/core/operations/ending";
import type { ServerSession } from "../../../components/core/operations/sessions";
import { readSessions } from "../../../components/io/catalog/sessions";
import { endIdleSessions } from "../../../components/io/end-sessions";
import { maintenanceDatabase } from "../../../components/io/session";
import type { Colors } from "../colors";
import type { CommandContext, OpsCommand } from "../command";
import { colorsFor } from "../colors";
import { renderSessions } from "../health/render-connections";
import { assertConfirmable, confirm, explainRefusal, type ConfirmArgs } from "../locks/confirm";
import { assertOnServer } from "../on-server";
import type { Report } from "../report";
import { plural } from "../text";
import { openWatcher, type Watcher } from "../watcher";

export interface TerminateIdleArgs extends ConfirmArgs {
  readonly minutes: number;
  readonly role?: string;
  readonly database?: string;
  readonly inTransaction?: boolean;
  readonly dryRun?: boolean;
}

/** What `terminate-idle` did; a schema of its JSON is made from this. */
export interface TerminateIdleData {
  readonly minutes: number;
  /** `found`: nothing was to be ended, with --dry-run or as there are none; `declined`: it was not confirmed. */
  readonly action: "found" | "declined" | "ended";
  /** Those that were idle for so long, with what became of them; null: nothing was done. */
  readonly sessions: readonly (ServerSession & { readonly outcome: EndingOutcome | null })[];
}

/** Ends sessions that have done nothing for a long time. */
export const terminateIdleCommand: OpsCommand<TerminateIdleArgs, TerminateIdleData> = {
  name: "terminate-idle",
  summary: "end sessions that have done nothing for a long time",
  declare: (command) => {
    command
      .option("--minutes <minutes>", "idle for at least so long", parseMinutes, 30)
      .option("--role <name>", "of this role only; superusers are spared unless named here")
      .option("--database <name>", "on this database only")
      .option("--in-transaction", "those that are idle in a transaction, instead of those without one")
      .option("--dry-run", "show them and end none; ends with 1 where there are some")
      .option("--yes", "end them without being asked: for scripts")
      .addHelpText("after", help);
  },
  run: terminate,
  render: (report, _args, colors) => ({ output: renderIdle(report, colors) }),
};

const help = `
Shows the sessions, asks, and ends those that are idle for so long at that moment still: one that began to work meanwhile
stays. Never replication, pgstead's own sessions, or, unless --role names them, superusers. Needs the stack's administrator
(pg_signal_backend). Exit code 1: some were found by --dry-run, it was not confirmed, or some have not ended within 5 s.

JSON: data { minutes, action (found, declined, ended), sessions [{ pid, user, database, application, address, state, stateSeconds, …,
outcome (ended, remains, gone, null) }] }

Examples:
  npm run ops -- terminate-idle --stack prod --minutes 60 --dry-run
  npm run ops -- terminate-idle --stack prod --in-transaction --minutes 10 --yes`;

function parseMinutes(text: string): number {
  const minutes = Number(text);
  // Five years of minutes: what is longer is a mistake.
  if (/^\d+(?:\.\d+)?$/.test(text) && minutes > 0 && minutes <= 2_628_000) return minutes;
  throw new InvalidArgumentError("It is a number of minutes, more than 0.");
}

async function terminate(
  context: CommandContext,
  args: TerminateIdleArgs,
): Promise<Report<TerminateIdleData>> {
  const { minutes, role, database, inTransaction = false, dryRun = false } = args;
  if (!dryRun) assertConfirmable(context, args, "terminate-idle");
  const watcher = await openWatcher(context);
  const all = await context.progress(
    `asking the server at ${watcher.place}`,
    watcher.look(maintenanceDatabase, async (session) => {
      await assertOnServer(session, { roles: { "--role": role }, databases: { "--database": database } });
      return readSessions(session);
    }),
  );
  const sessions = selectIdle(all, { minutes, role, database, inTransaction });
  const report = (action: TerminateIdleData["action"], outcomes?: ReadonlyMap<number, EndingOutcome>) => {
    const told = sessions.map((session) => ({ ...session, outcome: outcomes?.get(session.pid) ?? null }));
    const data: TerminateIdleData = { minutes, action, sessions: told };
    return { command: "terminate-idle", stack: context.stack, data, findings: findingsOf(data) };
  };
  if (dryRun || sessions.length === 0) return report("found");
  const shown = renderSessions("To be ended", sessions, false, colorsFor({}, {}));
  const question = `Type yes to end ${plural(sessions.length, "session")}:`;
  if (!(await confirm(context, args, shown, question))) return report("declined");
  return report(
    "ended",
    await end(context, watcher, sessions, { minutes, states: idleStates(inTransaction) }),
  );
}

async function end(
  context: CommandContext,
  watcher: Watcher,
  sessions: readonly ServerSession[],
  idle: Parameters<typeof endIdleSessions>[2],
): Promise<ReadonlyMap<number, EndingOutcome>> {
  try {
    const ending = watcher.asAdministrator(maintenanceDatabase, (session) =>
      endIdleSessions(session, sessions, idle),
    );
    return await context.progress(`ending ${plural(sessions.length, "session")}`, ending);
  } catch (error) {
    throw explainRefusal(error, "the administrator");
  }
}

/** One that is gone or works again is what was wanted. */
function findingsOf({ action, sessions, minutes }: TerminateIdleData): Finding[] {
  const found = plural(sessions.length, "session");
  if (action === "declined") {
    const hint = "run this again to type it";
    return [{ subject: found, message: "nothing was ended: yes was not typed", hint }];
  }
  if (action === "found") {
    if (sessions.length === 0) return [];
    const message = `idle for ${minutes} minutes or longer`;
    return [{ subject: found, message, hint: "without --dry-run they are ended" }];
  }
  return sessions
    .filter(({ outcome }) => outcome === "remains")
    .map(({ pid }) => ({
      subject: `pid ${pid}`,
      message: "was told to end and has not within 5 s",
      hint: "it hangs in the network or the disk; it ends when that does. Never kill -9 it: the whole server would restart",
    }));
}

function renderIdle({ stack, data }: Report<TerminateIdleData>, colors: Colors): string {
  const { sessions, action, minutes } = data;
  const ended = sessions.filter(({ outcome }) => outcome === "ended").length;
  const found = `${plural(sessions.length, "session")} idle for ${minutes} minutes or longer`;
  const head = `stack ${stack}: ${found}${action === "ended" ? `, ${ended} ended` : ""}`;
  if (sessions.length === 0) return `${head}\n`;
  return `${head}\n\n${renderSessions("Sessions", sessions, false, colors)}\n`;
}
