import { renderMoment } from "../../../components/core/physical/window";
import { renderSize } from "../../../components/core/size";
import type { Colors } from "../colors";
import type { Report } from "../report";
import { renderTable } from "../table";
import type { RecoveryData } from "./read-recovery";

/** The moments that can be restored, and the backups that they are restored from. */
export function renderRecovery({ stack, data }: Report<RecoveryData>, colors: Colors): string {
  const { window, backups } = data;
  const moment = (text: string): string => renderMoment(Date.parse(text));
  const head =
    window === null
      ? `stack ${stack}: no moment can be restored`
      : `stack ${stack}: any moment from ${moment(window.oldest)} to ${moment(window.newest)} can be restored`;
  const rows = backups.map(({ label, kind, stoppedAt, size, stored, fault }) => [
    label,
    kind,
    moment(stoppedAt),
    renderSize(size),
    renderSize(stored),
    fault ?? "good",
  ]);
  const columns = [
    { heading: "backup" },
    { heading: "kind" },
    { heading: "ended" },
    { heading: "server", numeric: true },
    { heading: "added", numeric: true },
    { heading: "" },
  ];
  return `${head}\n\n${renderTable("Physical backups", columns, rows, colors)}\n`;
}

/** Of both commands. */
export const recoveryHelp = `
Exit code 1: no moment can be restored, a backup is missing by its schedule or has a fault, or the log does not arrive.

JSON: data.window { oldest, newest } | null; data.archivedAt | null; data.backups [{ label, kind (full, differential,
incremental), repository, startedAt, stoppedAt, startLsn, stopLsn, size, stored, needs, fault }], the oldest first.
`;
