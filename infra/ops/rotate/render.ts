import { renderDuration } from "../../../components/core/duration";
import type { Colors } from "../colors";
import { renderTable } from "../table";
import { plural } from "../text";
import type { PasswordListData } from "./list";
import type { RotateData, RotatedRole } from "./report";

/** What is going to change, before the plan. */
export function renderIntent({ file, roles, restarts }: RotateData): string {
  return [...roles.map((role) => describe(role, file)), ...restarts.map(restart)].join("\n");
}

function describe(one: RotatedRole, file: string): string {
  const { kind, key, role, from, to, login, former } = one;
  if (kind !== "dual") {
    return `${key}: passwordVersion ${from} to ${to} in ${file}; the old password of ${role} ends with it, its sessions stay`;
  }
  if (from === to)
    return `${key}: rotation: dual-finished in ${file}; ${former ?? ""} may not log in any more, its sessions stay`;
  return `${key}: passwordVersion ${from} to ${to} in ${file}; ${login} gets a new password and is the current login, ${former ?? ""} works until the next time`;
}

function restart(container: string): string {
  return `container ${container} starts anew: it reads its login once`;
}

/** What was done, and what clients have to do now. */
export function renderRotation(
  { done, begun, roles, file }: RotateData,
  stack: string,
  colors: Colors,
): string {
  if (roles.length === 0) return "nothing to do: it is so already\n";
  if (begun) return `begun, and not at its end: ${file} has the new numbers\n`;
  if (!done) return `nothing was changed: ${file} is as it was\n`;
  const lines = roles.flatMap((one) => [colors.bold(`${one.key} (${one.role})`), ...outcome(one, stack)]);
  return `${[...lines, `commit ${file}: it has the new numbers`].join("\n")}\n`;
}

function outcome(
  {
    kind,
    key,
    database,
    from,
    to,
    login,
    former,
    newPassword,
    oldPassword,
    sessions,
    applications,
  }: RotatedRole,
  stack: string,
): string[] {
  const isFinish = kind === "dual" && from === to;
  const old = kind === "dual" ? (former ?? "") : login;
  const left = sessions ?? 0;
  const names = applications.length === 0 ? "" : ` (${applications.join(", ")})`;
  const stays = kind === "dual" && !isFinish ? "works until the next rotation" : "ends when they reconnect";
  const of = database === null ? "" : ` --database ${database}`;
  return [
    ...(isFinish ? [] : [`  ${login}: the new password is ${newPassword ?? "unknown"}`]),
    `  ${old}: ${isFinish ? "a login" : "the old password"} is ${oldPassword ?? "unknown"}`,
    left === 0
      ? "  no session of before is left"
      : `  ${plural(left, "session")} of before${names}: stay open; what they logged in with ${stays}`,
    ...(kind === "administrator" || isFinish
      ? []
      : [`  clients: npm run --silent ops -- connection --stack ${stack} --role ${key}${of} --env`]),
  ];
}

/** The ages of all passwords. */
export function renderList({ credentials, limitSeconds }: PasswordListData, colors: Colors): string {
  const rows = credentials.map((one) => [
    one.key,
    one.login,
    one.kind === "dual" ? `dual${one.formerMayLogIn === false ? ", finished" : ""}` : one.kind,
    one.number ?? "",
    one.ageSeconds === null ? "not known" : renderDuration(one.ageSeconds),
    one.dueAt === null ? "" : `${one.dueAt.slice(0, 10)}${one.isDue ? " (due)" : ""}`,
  ]);
  const headings = ["role", "login", "kind", "number", "age", "due"];
  const columns = headings.map((heading) => ({ heading, numeric: heading === "number" }));
  const title = `Passwords; limit ${renderDuration(limitSeconds)} (pgstead:monitoring.thresholds.credential)`;
  return `${renderTable(title, columns, rows, colors)}\n`;
}
