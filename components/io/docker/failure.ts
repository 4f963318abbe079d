import { explainTls } from "../../core/docker/way";
import { problemError, ProblemError } from "../../core/problem";

/** The engine does not answer: nothing is known about what it has. */
export class EngineUnreachableError extends ProblemError {}

interface EngineError {
  readonly statusCode?: number;
  readonly code?: string;
  readonly message: string;
  /** What the engine says, in its own words. */
  readonly json?: { readonly message?: string };
}

/** True where the engine says that it has no such thing. */
export function isNotFound(error: unknown): boolean {
  return (error as EngineError).statusCode === 404;
}

/**
 * True where a container ended before it did what was asked of it. The engine says so with 409, and with 500 where it ends
 * between the making of a process in it and that process's start.
 */
export function isNotRunning(error: unknown): boolean {
  const { statusCode, message, json } = (error ?? {}) as EngineError;
  if (statusCode === 409) return true;
  return statusCode === 500 && /\bnot running\b|\bstopped container\b/.test(json?.message ?? message);
}

/** Errors of a connection that never came up. */
const unreachable = new Set([
  "ENOENT",
  "ECONNREFUSED",
  "EACCES",
  "EPERM",
  "ENOTFOUND",
  "EHOSTUNREACH",
  "ETIMEDOUT",
  "ENETUNREACH",
  "EAI_AGAIN",
  "ECONNRESET",
  "EPIPE",
]);

/** What an error of the engine, or of the way to it, means for its user. */
export function engineFailure(error: unknown): Error {
  if (error instanceof ProblemError) return error;
  const { statusCode, code = "", message, json } = error as EngineError;
  if (statusCode === undefined) {
    const tls = explainTls(code, message);
    if (tls !== undefined)
      return new EngineUnreachableError("Docker engine", [{ path: "", ...tls }], { cause: error });
    if (unreachable.has(code)) return unreachableEngine(code, message, error);
  }
  const said = json?.message ?? message;
  const known = hints.find(({ pattern }) => pattern.test(said));
  const hint = known?.hint ?? "`docker info` on that host tells what the engine thinks of itself.";
  return problemError("Docker engine", said, hint, { cause: error });
}

function unreachableEngine(code: string, message: string, cause: unknown): EngineUnreachableError {
  const isForbidden = code === "EACCES" || code === "EPERM";
  return new EngineUnreachableError(
    "Docker engine",
    [
      {
        path: "",
        message: isForbidden ? `this account may not use it (${message})` : `does not answer (${message})`,
        hint: isForbidden
          ? "run this as a member of the group docker, or name another engine in pgstead:docker.host."
          : "is it running? `docker info` tells; another engine is named in pgstead:docker.host.",
      },
    ],
    { cause },
  );
}

/** What engines say, and what helps. */
const hints: readonly { readonly pattern: RegExp; readonly hint: string }[] = [
  {
    pattern: /HTTP request to an HTTPS server/i,
    hint: "it takes nobody without TLS: name the directory of the certificates in pgstead:docker.certPath.",
  },
  {
    pattern: /port is already allocated|address already in use/i,
    hint: "another program has that port: end it, or choose another one (pgstead:server.port).",
  },
  {
    pattern: /no space left on device/i,
    hint: "make room on the engine's disk: `docker system df` tells what takes it.",
  },
  {
    pattern: /is already in use by container/i,
    hint: "another container has that name: remove it, or choose another beginning of the names (pgstead:docker.name).",
  },
  {
    pattern: /ulimit|rlimit/i,
    hint: "the engine may not raise that limit: lower or remove it (pgstead:docker.ulimits).",
  },
  {
    pattern: /cannot assign requested address/i,
    hint: "the engine's host has no such address: mend pgstead:docker.publish.",
  },
];
