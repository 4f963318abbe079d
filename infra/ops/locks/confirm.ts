import { problemError } from "../../../components/core/problem";
import type { CommandContext } from "../command";
import { cannotTell, type CannotTellError } from "../failure";

/** Options of a command that ends sessions. */
export interface ConfirmArgs {
  readonly yes?: boolean;
}

/**
 * Where nobody can be asked, somebody has to have said it.
 *
 * @throws ProblemError
 */
export function assertConfirmable({ askFor }: CommandContext, { yes }: ConfirmArgs, option: string): void {
  if (yes === true || askFor !== undefined) return;
  throw problemError(option, "there is no terminal where it could be confirmed", "say --yes in a script");
}

/** Shows what would be done and has a person type `yes`; true: it is to be done. */
export async function confirm(
  { askFor, write }: CommandContext,
  { yes }: ConfirmArgs,
  shown: string,
  question: string,
): Promise<boolean> {
  if (yes === true) return true;
  write(shown);
  return (await askFor?.(question)) === "yes";
}

/** What the server says to a login that may not end a session. */
export function explainRefusal(error: unknown, role: string): unknown {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "42501") return error;
  return refused(error.message, role);
}

function refused(message: string, role: string): CannotTellError {
  const hint = `${role} needs pg_signal_backend and pg_monitor (GRANT pg_signal_backend, pg_monitor TO …); a session of a superuser is ended by a superuser only`;
  return cannotTell("nothing was ended", message, hint);
}
