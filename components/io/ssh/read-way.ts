import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { problemError } from "../../core/problem";
import { SshError } from "../../core/ssh/failure";
import type { SshHop, SshLogin } from "../../core/ssh/login";
import type { SshWay, SshWayHop } from "../../core/ssh/way";
import { projectRoot } from "../places";

/** Names a file that holds what opens the private keys. */
export const passphraseVariable = "PGSTEAD_SSH_PASSPHRASE_FILE";
/** Names a file that holds the password of the accounts, where a host takes no key. */
export const passwordVariable = "PGSTEAD_SSH_PASSWORD_FILE";

/** Seconds that each hop has up to the end of its login. */
const dialTimeout = 10;

/**
 * The login of a declared way, with the secrets that lie in files: read here and kept in memory alone.
 *
 * @throws SshError, ProblemError where a file cannot be read
 */
export function readWay({ bastion, ...last }: SshWay, env: NodeJS.ProcessEnv = process.env): SshLogin {
  const secrets = {
    passphrase: readSecret(env, passphraseVariable),
    password: readSecret(env, passwordVariable),
  };
  const hop = readHop(last, secrets, env);
  return bastion === undefined ? hop : { ...hop, bastion: readHop(bastion, secrets, env) };
}

interface Secrets {
  readonly passphrase: string | undefined;
  readonly password: string | undefined;
}

function readHop(declared: SshWayHop, secrets: Secrets, env: NodeJS.ProcessEnv): SshHop {
  const { host, port, user, hostKey, knownHosts = "~/.ssh/known_hosts" } = declared;
  const trust: SshHop["trust"] =
    hostKey === undefined
      ? { kind: "known-hosts", file: pathOf(knownHosts, env) }
      : { kind: "key", key: hostKey };
  // A host that is not there is soon told of: nobody waits for a server that is not made by this run.
  const hop = { host, port, user, ...secrets, trust, dialErrorLimit: 0, dialTimeout };
  return { ...hop, ...readProofs(declared, hop, env) };
}

/** A declared key alone; else the agent, as with OpenSSH, and where there is none the first of its usual files. */
function readProofs(
  { keyFile }: SshWayHop,
  hop: SshHop,
  env: NodeJS.ProcessEnv,
): Pick<SshHop, "agentSocket" | "privateKey"> {
  if (keyFile !== undefined) return { privateKey: readKey(pathOf(keyFile, env), hop) };
  const { SSH_AUTH_SOCK: agentSocket = "" } = env;
  if (agentSocket !== "") return { agentSocket };
  const usual = ["id_ed25519", "id_ecdsa", "id_rsa"]
    .map((name) => pathOf(`~/.ssh/${name}`, env))
    .find((path) => existsSync(path));
  if (usual !== undefined) return { privateKey: readKey(usual, hop) };
  if (hop.password !== undefined) return {};
  const message = `nothing is given that proves ${hop.user}: no key, no agent, no password`;
  const hint = `name a key in keyFile, have an agent (SSH_AUTH_SOCK), or name a file with the account's password in ${passwordVariable}.`;
  throw new SshError("private-key", hop, message, hint);
}

function readKey(path: string, hop: SshHop): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const message = `the private key cannot be read: ${(cause as Error).message}`;
    const hint =
      "name a file that this account can read in keyFile, or leave keyFile out to have the agent asked.";
    throw new SshError("private-key", hop, message, hint, { cause });
  }
}

function readSecret(env: NodeJS.ProcessEnv, variable: string): string | undefined {
  const { [variable]: path = "" } = env;
  if (path === "") return undefined;
  try {
    return readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    const hint = "name a file that this account can read, or unset the variable.";
    throw problemError(variable, `it cannot be read: ${(cause as Error).message}`, hint, { cause });
  }
}

function pathOf(path: string, { HOME: home = "" }: NodeJS.ProcessEnv): string {
  if (path.startsWith("~/")) return join(isAbsolute(home) ? home : homedir(), path.slice(2));
  return isAbsolute(path) ? path : join(projectRoot(), path);
}
