import { visible } from "../../../components/core/visible";
import type { Colors } from "../colors";
import type { Report } from "../report";
import { plural } from "../text";
import { driftKinds, type DriftItem } from "./drift-item";
import type { SchemaDrift } from "./schema";

export interface DriftData {
  /** Empty: the server is as declared, as far as it was seen. */
  readonly drift: readonly DriftItem[];
  /** What was compared, in this order. */
  readonly compared: readonly string[];
  /** What could not be looked at, and why. */
  readonly unseen: readonly { readonly what: string; readonly reason: string }[];
  /** What there is nothing to compare with, and why: a database without migrations. */
  readonly notCompared: readonly { readonly what: string; readonly reason: string }[];
  /** What is told and is no difference. */
  readonly remarks: readonly { readonly subject: string; readonly message: string }[];
  /** How the schemas of databases were compared. */
  readonly schemas: readonly Omit<SchemaDrift, "drift" | "remarks">[];
}

/** The report for people, grouped by kind. */
export function renderDrift({ stack, data }: Report<DriftData>, colors: Colors): string {
  const { drift, compared, unseen, notCompared, remarks } = data;
  const title =
    drift.length === 0
      ? `stack ${stack}: the server is as declared (${compared.join(", ")})`
      : `stack ${stack}: ${plural(drift.length, "difference")} from what is declared`;
  const groups = driftKinds.flatMap((kind) => {
    const items = drift.filter((item) => item.kind === kind);
    return items.length === 0
      ? []
      : [`\n${colors.bold(`${kind} (${items.length})`)}`, ...items.map(renderItem)];
  });
  const blind = unseen.map(({ what, reason }) => colors.yellow(`not seen: ${what}: ${reason}`));
  const notes = [
    ...remarks.map(({ subject, message }) => `no difference: ${visible(subject)}: ${visible(message)}`),
    ...notCompared.map(({ what, reason }) => `not compared: ${what}: ${visible(reason)}`),
  ].map(colors.dim);
  const tail = [...blind, ...notes];
  return `${[title, ...groups, ...(tail.length === 0 ? [] : ["", ...tail])].join("\n")}\n`;
}

function renderItem({ sql, subject, message, risk, mend = [] }: DriftItem): string {
  if (sql === undefined) {
    const lines = mend.map(
      ({ sql, class: of }) => `      ${visible(oneLine(sql))};${of === "safe" ? "" : `  -- ${of}`}`,
    );
    return [`  ${visible(subject ?? "")}: ${visible(message)}`, ...lines].join("\n");
  }
  const note = risk === undefined || risk === "none" ? "" : ` [${risk}]`;
  return `  ${visible(sql)};  -- ${visible(message)}${note}`;
}

/** Bodies of functions and columns of tables have lines of their own; `--sql` writes them as they are. */
function oneLine(sql: string): string {
  return sql.replace(/\s*\n\s*/g, " ");
}
