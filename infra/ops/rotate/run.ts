import { readServerTime } from "../../../components/io/catalog/login-sessions";
import { problemError } from "../../../components/core/problem";
import type { CommandContext } from "../command";
import type { StackOutputs } from "../outputs";
import type { Report } from "../report";
import { lookInto } from "../sessions";
import { plural } from "../text";
import { applyNumbers } from "./apply";
import { chooseSubjects, type RotateArgs, type Subject } from "./choose";
import { areShutOut, sessionsOf, tryLogin, wayOf, type Proof, type Way } from "./prove";
import { findStale, reportRotation, type Proven, type RotateData } from "./report";
import { renderIntent } from "./render";

/** Raises the numbers of passwords, runs `up`, and tries the passwords. */
export async function rotate(context: CommandContext, args: RotateArgs): Promise<Report<RotateData>> {
  const { config, stack, write } = context;
  const dryRun = args.dryRun === true;
  if (args.yes !== true && !dryRun && context.ask === undefined) {
    const hint = "add --yes where nobody can be asked; --dry-run only shows what would run";
    throw problemError("rotate", "asks before it changes the server, and this is no terminal", hint);
  }
  const before = await context.outputs();
  const subjects = chooseSubjects(config, before.credentials, args, Date.now());
  const waiting = subjects.filter(({ edit, from, to }) => edit !== undefined || to > from);
  if (waiting.length === 0) return reportRotation(context, [], { done: false });
  const since = await lookInto(before.administrator, "postgres", readServerTime);
  const stale = findStale(await sessionsOf(before, endingLogins(waiting)), waiting);
  const intended = reportRotation(context, waiting, { done: false });
  write(renderIntent(intended.data));
  if (stale.length > 0 && args.cutOff !== true && !dryRun) {
    return reportRotation(context, waiting, { done: false, findings: stale });
  }
  const question = `Change ${plural(waiting.length, "password")} of stack ${stack}?`;
  const ask =
    args.yes === true ? undefined : (): Promise<boolean> => context.ask?.(question) ?? Promise.resolve(false);
  const ways = new Map(waiting.map((subject) => [subject, wayOf(before, subject)]));
  const applied = await applyNumbers(context, waiting, { ask, dryRun });
  if (applied.is === "declined") {
    return reportRotation(context, waiting, { done: false, findings: dryRun ? stale : [] });
  }
  if (applied.is === "begun") {
    const hint = `run this again: it finishes what is begun; ${intended.data.file} keeps the new numbers, as one never goes back`;
    const message = `\`up\` did not come to its end: ${applied.reason}`;
    const findings = [{ subject: "rotate", message, hint, severity: "critical" as const }];
    const { isCancelled: cancelled } = applied;
    return reportRotation(context, waiting, { done: false, begun: true, findings, cancelled });
  }
  const proven = await prove(await context.outputs(), waiting, ways, since);
  return reportRotation(context, waiting, { done: true, proven });
}

/** Logins whose password clients may use, and that ends now without a successor under that name. */
function endingLogins(subjects: readonly Subject[]): string[] {
  return subjects
    .filter(({ kind }) => kind === "dual")
    .map(({ from, to, login, before }) => (from === to ? before : login));
}

async function prove(
  after: StackOutputs,
  subjects: readonly Subject[],
  ways: ReadonlyMap<Subject, Way | undefined>,
  since: string,
): Promise<Map<Subject, Proven>> {
  const former = subjects.map(({ before }) => before);
  const sessions = await sessionsOf(after, former, since);
  const found = new Map<Subject, Proven>();
  for (const [index, subject] of subjects.entries()) {
    const { from, to, before } = subject;
    // The password of who is shut out is not known here: the server says that it may not log in.
    const old = async (): Promise<Proof> =>
      from === to
        ? (await areShutOut(after, [before]))
          ? "refused"
          : "accepted"
        : tryLogin(ways.get(subject));
    const none = { login: before, sessions: 0, applications: [] };
    found.set(subject, {
      newPassword: await tryLogin(wayOf(after, subject)),
      oldPassword: await old(),
      sessions: sessions[index] ?? none,
    });
  }
  return found;
}
