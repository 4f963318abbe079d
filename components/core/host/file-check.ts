import type { Problem } from "../problem";

/** What is wrong with the path of a file or directory on a host. */
export function checkHostPath(path: string, written: string): Problem[] {
  const fault = faultOfPath(written);
  if (fault === undefined) return [];
  const hint = "give an absolute path without `.` and `..`, such as /etc/pgstead/server.crt.";
  return [{ path, message: `${JSON.stringify(written)} ${fault}`, hint }];
}

function faultOfPath(path: string): string | undefined {
  if (!path.startsWith("/")) return "is no absolute path";
  const names = path.split("/").slice(1);
  if (names.some((name) => name === "" || name === "." || name === ".."))
    return "has an empty step, `.` or `..`";
  if (!/^[\w./@:+~-]+$/.test(path)) return "has other characters than letters, digits and `._@:+~-`";
  return names.some((name) => name.length > 200) ? "has a name of more than 200 characters" : undefined;
}

/** What is wrong with an owner: `root`, `postgres` or `account:group`. */
export function checkHostOwner(path: string, owner: string): Problem[] {
  if (/^[a-z_][a-z0-9_.-]*(?::[a-z_][a-z0-9_.-]*)?$/i.test(owner)) return [];
  const hint = "give the name of an account, such as postgres, or `account:group`.";
  return [{ path, message: `${JSON.stringify(owner)} is no owner of a file`, hint }];
}
