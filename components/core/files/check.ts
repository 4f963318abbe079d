import type { Problem } from "../problem";
import { reservedPrefix, type FileOwner, type Reload } from "./model";

/** Signals that programs take as "read your files again", or as another order of their operator. */
export const reloadSignals = ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGINT", "SIGTERM"] as const;
export type ReloadSignal = (typeof reloadSignals)[number];

/** Numbers of users and groups that a kernel takes; the greatest one means "nobody changed it". */
const maxId = 4_294_967_294;

const maxNameLength = 200;

/** What is wrong with the name of a file. It lies in the volume's own directory, so that a name is never a way out. */
export function checkFileName(path: string, name: string): Problem[] {
  const fault = faultOfName(name);
  if (fault === undefined) return [];
  return [
    { path, message: `${JSON.stringify(name)} ${fault}`, hint: "give a plain name, such as server.crt." },
  ];
}

function faultOfName(name: string): string | undefined {
  if (name === "" || name === "." || name === "..") return "is no name of a file";
  if (name.startsWith("/")) return "is an absolute path: files lie in the volume's own directory";
  if (name.includes("/") || name.includes("\\")) return "is a path: files lie in the volume's own directory";
  if (name.startsWith(reservedPrefix)) return `begins with ${reservedPrefix}, which this program uses itself`;
  if (name.length > maxNameLength) return `is longer than ${maxNameLength} characters`;
  return /^\.?\w[\w.-]*$/.test(name)
    ? undefined
    : "has other characters than letters, digits, `.`, `_` and `-`";
}

/** What is wrong with a mode: nobody but the owner may write, and a secret is for owner and group at the most. */
export function checkMode(
  path: string,
  mode: string,
  options: { readonly secret?: boolean } = {},
): Problem[] {
  const problem = (message: string, hint: string): Problem[] => [{ path, message, hint }];
  if (!/^0[0-7]{3}$/.test(mode)) {
    return problem(`${JSON.stringify(mode)} is no mode of a file`, "write it as chmod has it, such as 0640.");
  }
  if ((octal(mode) & 0o022) !== 0) {
    return problem(`${mode} lets others than the owner write`, "take 0644, 0640 or less.");
  }
  if (options.secret === true && (octal(mode) & 0o007) !== 0) {
    return problem(`${mode} lets everybody read a secret`, "take 0600, or 0640 for the group as well.");
  }
  return [];
}

/** True where everybody may read: such a file is no secret. */
export function isWorldReadable(mode: string): boolean {
  return (octal(mode) & 0o004) !== 0;
}

/** What is wrong with an owner. */
export function checkOwner(path: string, owner: Partial<FileOwner>): Problem[] {
  return (["uid", "gid"] as const).flatMap((name) => {
    const value: unknown = owner[name];
    if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= maxId) return [];
    return [
      {
        path: `${path}.${name}`,
        message: "it is no number of an account",
        hint: "give what `id` prints in the container, such as 999.",
      },
    ];
  });
}

/** What is wrong with what is to be told of a change. */
export function checkReload(path: string, { container, signal, restart }: Partial<Reload>): Problem[] {
  const problems: Problem[] = [];
  if (typeof container !== "string" || !/^[A-Za-z0-9][\w.-]*$/.test(container)) {
    const hint = "give its name as `docker ps` prints it.";
    problems.push({ path: `${path}.container`, message: "it is no name of a container", hint });
  }
  if (signal !== undefined && !reloadSignals.some((known) => known === signal)) {
    const hint = `take one of ${reloadSignals.join(", ")}, or restart: true.`;
    problems.push({ path: `${path}.signal`, message: "it is no signal that reloads a program", hint });
  }
  if (restart !== undefined && typeof restart !== "boolean") {
    problems.push({ path: `${path}.restart`, message: "expected true or false", hint: "leave it out." });
  }
  if (signal === undefined && restart !== true) {
    const hint = "give a signal, such as SIGHUP, or restart: true.";
    problems.push({ path, message: "it says neither a signal nor a restart", hint });
  }
  return problems;
}

function octal(mode: string): number {
  return Number.parseInt(mode, 8);
}
