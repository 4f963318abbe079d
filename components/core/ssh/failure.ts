import { ProblemError } from "../problem";
import { renderHop, waysIn, type SshHop } from "./login";

/** Why an SSH connection is not there, or no more. */
export type SshFailureKind =
  /** Nobody listens, no way there, no such name. */
  | "unreachable"
  /** Somebody listens and does not get to the end of a login in time. */
  | "silent"
  /** The connection ended before the login. */
  | "closed"
  /** The host did not show the key that it should. */
  | "host-key"
  /** The host does not let the login in. */
  | "login"
  /** The private key cannot be read. */
  | "private-key"
  /** Host and client have no algorithm in common. */
  | "algorithms"
  /** The connection ended while it was in use. */
  | "lost"
  /** The host does not open a way to what lies behind it. */
  | "forward"
  /** The host does not take a variable for the environment. */
  | "environment"
  /** The host's SFTP server refuses something. */
  | "sftp";

/** A failure of SSH in words: where, what, and what to do. */
export class SshError extends ProblemError {
  constructor(
    readonly kind: SshFailureKind,
    readonly hop: Pick<SshHop, "user" | "host" | "port">,
    message: string,
    hint: string,
    options?: ErrorOptions,
  ) {
    super(renderHop(hop), [{ path: "", message, hint }], options);
  }
}

/** True where another attempt may do better: nothing was said about who is there and whom it lets in. */
export function mayPass({ kind }: SshError): boolean {
  return kind === "unreachable" || kind === "silent" || kind === "closed";
}

/** What an error of a connection that is being made tells: its words, and what the library or the system calls it. */
export interface DialError {
  readonly message: string;
  /** Of the system, such as `ECONNREFUSED`; a number is a reason of SSH's own (RFC 4253, 11.1). */
  readonly code?: string | number | undefined;
  /** Of the library: in which part it happened. */
  readonly level?: string | undefined;
  /** Proofs that the host takes, in SSH's words (`publickey`, `password`), where it has said so. */
  readonly takes?: readonly string[];
  /** Why the agent could not be asked. */
  readonly agent?: string | undefined;
}

/** Pure. */
export function explainDial(hop: SshHop, error: DialError): SshError {
  const make = (kind: SshFailureKind, message: string, hint: string): SshError =>
    new SshError(kind, hop, message, hint, { cause: error });
  const { level, message: said } = error;
  const code = String(error.code ?? "");
  const known = systemCodes[code];
  if (known !== undefined) return make("unreachable", known.message, known.hint);
  if (level === "client-timeout") {
    return make(
      "silent",
      `took longer than ${hop.dialTimeout} s to let the login in`,
      "is it an SSH server, and is the way there open (firewall)? A slow one needs more time for each attempt.",
    );
  }
  if (level === "client-authentication" || /authentication failures/i.test(said))
    return refusedLogin(hop, error);
  if (/no matching .*algorithm/i.test(said)) {
    return make("algorithms", `has no algorithm that is still taken here (${said})`, algorithmHint(hop));
  }
  if (/Invalid (?:identification string|header)|Max greeting/i.test(said)) {
    return make("closed", `does not speak SSH (${said})`, "is the port that of its SSH server?");
  }
  return make(
    "closed",
    `ended the connection before the login (${said})`,
    "is the port that of its SSH server? Else too many log in at once (MaxStartups), or a rule shuts this address out: its log tells.",
  );
}

function algorithmHint({ trust }: SshHop): string {
  const own = "an SSH server older than OpenSSH 7.2 has to be brought up to date";
  return trust.kind === "anybody"
    ? `${own}.`
    : `does it still have a host key of the declared type? Else: ${own}.`;
}

function refusedLogin(hop: SshHop, cause: DialError): SshError {
  const tried = waysIn(hop);
  const takes = (cause.takes ?? []).length === 0 ? "" : `; it takes ${(cause.takes ?? []).join(", ")}`;
  const agent = cause.agent === undefined ? "" : `; the agent could not be asked: ${cause.agent}`;
  const how =
    tried.length === 0 ? "nothing to prove it with is given" : `given: ${tried.join(", ")}${takes}${agent}`;
  const hint =
    tried.length === 0
      ? "give a private key, a password, or the socket of an agent."
      : "is the key in the account's ~/.ssh/authorized_keys, the password right, the account allowed (AllowUsers, PermitRootLogin, PasswordAuthentication)? The host's log says why.";
  return new SshError("login", hop, `does not let ${hop.user} in: ${how}`, hint, { cause });
}

const systemCodes: Readonly<Record<string, { readonly message: string; readonly hint: string }>> = {
  ECONNREFUSED: {
    message: "nobody listens there (connection refused)",
    hint: "is the port right, and does its SSH server run?",
  },
  ENOTFOUND: { message: "nobody knows its name", hint: "is the host's name right? `getent hosts` tells." },
  EAI_AGAIN: { message: "its name cannot be looked up now", hint: "does this machine's name server answer?" },
  ETIMEDOUT: { message: "does not answer", hint: "is it up, and is the way there open (firewall)?" },
  EHOSTUNREACH: { message: "there is no way to it", hint: "is it up, and is this machine in its network?" },
  ENETUNREACH: { message: "there is no way to its network", hint: "is this machine in its network?" },
};

/** A private key that cannot be used, by the words of the library that reads it. Pure. */
export function explainPrivateKey(hop: SshHop, said: string): SshError {
  const make = (message: string, hint: string): SshError => new SshError("private-key", hop, message, hint);
  if (/no passphrase given/i.test(said)) {
    return make("the private key has a passphrase, and none is given", "give its passphrase as well.");
  }
  if (/bad passphrase|bad decrypt|integrity check failed/i.test(said)) {
    return make("the passphrase does not open the private key", "is it the passphrase of this key?");
  }
  return make(
    `the private key cannot be read (${said})`,
    "give the whole text of the file, from -----BEGIN to -----END, of an Ed25519, ECDSA or RSA key.",
  );
}

/** A host that showed another key than it should, or one that nobody knows. Pure. */
export function explainHostKey(
  hop: SshHop,
  verdict: "unknown" | "changed" | "revoked",
  fingerprint: string,
): SshError {
  const make = (message: string, hint: string): SshError => new SshError("host-key", hop, message, hint);
  const compare = "compare it with the host's own: `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` there.";
  const place = hop.trust.kind === "known-hosts" ? hop.trust.file : "the declaration";
  if (verdict === "revoked") {
    return make(`showed a host key that is revoked in ${place} (${fingerprint})`, "do not log in there.");
  }
  if (verdict === "unknown") {
    return make(`showed a host key that ${place} does not have (${fingerprint})`, compare);
  }
  return make(
    `showed another host key than the one in ${place} (${fingerprint}): somebody may be in between`,
    `was the host set up anew? Then ${compare}`,
  );
}

/** A run was cancelled, and its command gave no sign of having ended. Pure. */
export function mayStillRun(hop: SshHop, seconds: number, cause: unknown): SshError {
  return new SshError(
    "lost",
    hop,
    `a command was asked to end and did not within ${seconds} s: it may still be running there`,
    "look there (`ps`): sshd passes no signal on in a session of root.",
    { cause },
  );
}

/** The connection ended while something ran: what became of it nobody knows. Pure. */
export function lostConnection(hop: SshHop, during: string, cause: unknown): SshError {
  const said = cause instanceof Error && cause.message !== "" ? ` (${cause.message})` : "";
  return new SshError(
    "lost",
    hop,
    `the connection was lost ${during}${said}: whether it came to its end is not known`,
    "is the host up? Look there what was done; then run the same again.",
    { cause },
  );
}
