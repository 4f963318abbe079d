import type { CopyPlan } from "../../../components/core/move/plan";
import { renderDuration } from "../../../components/core/duration";
import { renderSize } from "../../../components/core/size";
import type { Moved } from "../../../components/io/move/replace-database";
import { colorsFor, type Colors } from "../colors";
import { renderTable } from "../table";
import { plural } from "../text";

/** What a copy came to, or would. */
export interface CopyData {
  readonly from: string;
  readonly to: string;
  /** Of the target. */
  readonly database: string;
  readonly plan: CopyPlan;
  /** Null: nothing was done. */
  readonly moved: Moved | null;
}

/** What is going to happen, for who is to type the database's name. */
export function renderPlan(
  { from, to, database, plan }: Omit<CopyData, "moved">,
  colors: Colors = colorsFor({}, {}),
): string {
  const { backup, age, takenAt, masking, roles, replaced } = plan;
  const rows = masking.map(({ column, rows: count }) => [column, count ?? "told by the copy"]);
  return [
    `${backup} of stack ${from}, taken ${takenAt}, ${renderDuration(age)} ago, for database ${database} of stack ${to}`,
    replaced === null
      ? `there is no database ${database} now: nothing would be replaced`
      : `it would replace what is there, which has ${replaced.size === null ? "?" : renderSize(replaced.size)} and ${plural(replaced.sessions, "session")}, which would end; it is kept beside it, without connections`,
    ...left(replaced, colors),
    masking.length === 0
      ? colors.yellow("nothing is masked")
      : renderTable("Masked", [{ heading: "column" }, { heading: "rows", numeric: true }], rows, colors),
    ...personal(plan, colors),
    ...absent(plan),
    ...(roles.there.length === 0 ? [] : [`roles that are there: ${roles.there.join(", ")}`]),
    ...(roles.made.length === 0 ? [] : [`roles that would be made, without login: ${roles.made.join(", ")}`]),
  ].join("\n");
}

/** Neither would be at work any more, and a slot that nobody reads keeps the log until the disk is full. */
function left(replaced: CopyPlan["replaced"], colors: Colors): string[] {
  const { subscriptions = [], slots = [] } = replaced ?? {};
  return [
    ...subscriptions.map(
      (name) =>
        `subscription ${name} stays with it and reads no more: drop it first, so that its publisher keeps nothing for it`,
    ),
    ...slots.map(
      (name) =>
        `slot ${name} stays with it, and keeps the log of this server: drop it first, if nobody needs it`,
    ),
  ].map((line) => colors.yellow(line));
}

function personal({ looksPersonal, masking }: CopyPlan, colors: Colors): string[] {
  if (looksPersonal === null || looksPersonal.length === 0) return [];
  const what = masking.length === 0 ? "look" : "have no rule, and look";
  return [colors.yellow(`these ${what} as if they were about a person: ${looksPersonal.join(", ")}`)];
}

function absent({ leftOut }: CopyPlan): string[] {
  if (leftOut === null) return ["what belongs to the other environment is left out, and told by the copy"];
  return leftOut.length === 0 ? [] : [`left out: ${leftOut.join("; ")}`];
}

/** What a run came to. */
export function renderCopy(data: CopyData, colors: Colors): string {
  const { from, to, database, plan, moved } = data;
  if (moved === null) return `${renderPlan(data, colors)}\n`;
  const masked =
    plan.masking.length === 0
      ? "nothing is masked"
      : `masked: ${plan.masking.map(({ column }) => column).join(", ")}`;
  const lines = [
    `database ${database} of stack ${to} is ${plan.backup} of stack ${from}, taken ${plan.takenAt}; ${masked}`,
    ...moved.tables.map(({ table, rows }) => `  ${table}: ${rows} rows masked`),
    ...personal(plan, colors).map((line) => `  ${line}`),
    ...moved.notes.map((note) => `  ${note}`),
    ...(moved.roles.length === 0 ? [] : [`  made without login: ${moved.roles.join(", ")}`]),
    ...(moved.kept === null
      ? []
      : [`  the one before it is ${moved.kept}, without connections: drop it when it is not needed`]),
    `privileges inside it are those of ${from}: \`npm run pulumi -- up --stack ${to}\` brings them to what is declared`,
  ];
  return `${lines.join("\n")}\n`;
}
