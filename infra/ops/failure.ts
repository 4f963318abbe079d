import { problemError, ProblemError } from "../../components/core/problem";
import { SshError } from "../../components/core/ssh/failure";
import { LostWayError } from "../../components/io/copies/destination";
import {
  LoginRefusedError,
  ServerFullError,
  ServerHungError,
  ServerNotReadyError,
  ServerUnreachableError,
  WayClosedError,
} from "../../components/io/session";
import type { Failure } from "./report";
import { CancelledError } from "./interrupt";
import { errorMessage } from "../../components/core/error-message";

/** Something that has to be known could not be found out: the server, the state. */
export class CannotTellError extends ProblemError {}

/** One reason why nothing can be told, and what to do about it. */
export function cannotTell(title: string, message: string, hint: string): CannotTellError {
  return new CannotTellError(title, [{ path: "", message, hint }]);
}

/** The command that brings a stack to what is declared. */
export function upCommand(stack: string): string {
  return stack === "dev" ? "npm start" : `npm run pulumi -- up --stack ${stack}`;
}

/** What any error of a command means for its user. */
export function describeFailure(error: unknown, stack: string): Failure {
  if (error instanceof CannotTellError) return { status: "cannot-tell", ...pick(error) };
  if (error instanceof LostWayError) return { status: "cannot-tell", ...pick(error) };
  if (error instanceof ServerFullError) return { status: "cannot-tell", ...pick(error) };
  if (error instanceof SshError) return { status: "cannot-tell", ...pick(error) };
  if (error instanceof ProblemError) return { status: "usage", ...pick(error) };
  if (error instanceof CancelledError) {
    const message = "nothing was changed, and nothing of it is left";
    return { status: "cancelled", ...pick(problemError(error.message, message, "run this command again")) };
  }
  if (error instanceof ServerUnreachableError) {
    return { status: "cannot-tell", ...pick(explainUnreachable(error, stack)) };
  }
  if (error instanceof LoginRefusedError) {
    const hint = `does the state belong to this server? \`npm run pulumi -- preview --stack ${stack}\` compares them`;
    return {
      status: "cannot-tell",
      ...pick(problemError("the server refuses the login", error.message, hint)),
    };
  }
  return { status: "cannot-tell", ...pick(unexpected(error)) };
}

/** Only a server that is away is brought up by the stack: one that hangs or starts is there. */
function explainUnreachable(error: ServerUnreachableError, stack: string): ProblemError {
  if (error instanceof WayClosedError) return error.why;
  if (error instanceof ServerHungError) {
    const hint =
      "it is stopped, or waits for its disk or for memory: look at its processes (`ps`: T is stopped, D waits for a disk) and at its log; a restart ends what hangs";
    return problemError("the server hangs", error.message, hint);
  }
  if (error instanceof ServerNotReadyError) {
    const hint =
      "it starts, recovers or stops: its log says how far it is; run this command again when it is up";
    return problemError("the server takes no sessions now", error.message, hint);
  }
  const hint = `bring it up with \`${upCommand(stack)}\`, then run this command again`;
  return problemError("the server cannot be reached", error.message, hint);
}

/** Codes of PostgreSQL's appendix A that a look at a server may meet. */
const serverHints: Readonly<Record<string, string>> = {
  "57014": "the server is slow or a lock is in the way: run this command again, or look at pg_stat_activity",
  "42501": "this command needs the administrator: does the stack's administratorUri name a superuser?",
  "57P01": "the server is shutting down: run this command again when it is up",
};

function unexpected(error: unknown): ProblemError {
  const message = errorMessage(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const hint =
    serverHints[code] ?? "run this command again; if it says the same, please report it with this text";
  return problemError("this command could not find out what it was asked", message, hint);
}

function pick(error: ProblemError): Omit<Failure, "status"> {
  return { title: error.title, problems: error.problems };
}
