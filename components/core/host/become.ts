import { problemError, type ProblemError } from "../problem";
import { quoteShell } from "../shell";
import { renderWayHop } from "../ssh/way";
import type { HostPlace } from "./place";

/**
 * The command that runs a script as an account of the host. The script stands in it and can be read by every account
 * there (`ps`): secrets go to standard input.
 *
 * @param as account that it runs as
 */
export function asAccount({ become, ssh }: HostPlace, script: string, as: string): string {
  const shell = `/bin/sh -c ${quoteShell(script)}`;
  if (become === "none" && as === ssh.user) return shell;
  // What sudo says is read below: in English, whatever the account's language is.
  if (become === "sudo") return `LC_ALL=C sudo -n -u ${quoteShell(as)} -- ${shell}`;
  return `runuser -u ${quoteShell(as)} -- ${shell}`;
}

/** What sudo itself says, where it was sudo that failed; undefined: the script came to run. */
export function explainSudo(
  { become, ssh }: HostPlace,
  { code, stderr }: { readonly code: number | null; readonly stderr: string },
  as: string,
): ProblemError | undefined {
  if (become !== "sudo" || code === 0) return undefined;
  const [first = ""] = stderr.split("\n").filter((line) => line !== "");
  const rule = `${ssh.user} ALL=(ALL) NOPASSWD: ALL`;
  if (code === 127 && /sudo: (?:command )?not found/.test(first)) {
    const hint = "install it there, or log in as root and set pgstead:server.onHost.become to none.";
    return problemError(`sudo on ${renderWayHop(ssh)}`, "the host has no sudo", hint);
  }
  if (!/^sudo: |is not (?:in the sudoers file|allowed to (?:run|execute))/.test(first)) return undefined;
  const message = /password is required|terminal is required/.test(first)
    ? `it asks ${ssh.user} for a password`
    : `it does not let ${ssh.user} work as ${as}: ${first.replace(/^sudo: /, "")}`;
  const hint = `allow it without one: \`${rule}\` in a file of /etc/sudoers.d there (visudo -f), or log in as root.`;
  return problemError(`sudo on ${renderWayHop(ssh)}`, message, hint);
}
