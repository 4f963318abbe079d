import { visible } from "../../../components/core/statement";
import type { Colors } from "../colors";
import type { Report } from "../report";
import { plural } from "../text";
import { driftKinds, type DriftItem } from "./drift-item";

export interface DriftData {
  /** Empty: the server is as declared, as far as it was seen. */
  readonly drift: readonly DriftItem[];
  /** What was compared, in this order. */
  readonly compared: readonly string[];
  /** What could not be looked at, and why. */
  readonly unseen: readonly { readonly what: string; readonly reason: string }[];
}

/** The report for people, grouped by kind. */
export function renderDrift({ stack, data }: Report<DriftData>, colors: Colors): string {
  const { drift, compared, unseen } = data;
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
  return `${[title, ...groups, ...(blind.length === 0 ? [] : ["", ...blind])].join("\n")}\n`;
}

function renderItem({ sql, subject, message, risk }: DriftItem): string {
  if (sql === undefined) return `  ${visible(subject ?? "")}: ${visible(message)}`;
  const note = risk === undefined || risk === "none" ? "" : ` [${risk}]`;
  return `  ${visible(sql)};  -- ${visible(message)}${note}`;
}
