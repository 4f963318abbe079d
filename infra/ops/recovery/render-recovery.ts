import { renderMoment } from "../../../components/core/physical/window";
import { renderSize } from "../../../components/core/size";
import type { Colors } from "../colors";
import type { Report } from "../report";
import { renderTable } from "../table";
import type { RecoveryData, RepositoryData } from "./read-recovery";

/** The moments that can be restored, and the backups that they are restored from. */
export function renderRecovery({ stack, data }: Report<RecoveryData>, colors: Colors): string {
  const { window, backups, repositories } = data;
  const moment = (text: string): string => renderMoment(Date.parse(text));
  const head =
    window === null
      ? `stack ${stack}: no moment can be restored`
      : `stack ${stack}: any moment from ${moment(window.oldest)} to ${moment(window.newest)} can be restored`;
  const isOne = repositories.length === 1;
  const rows = backups.map(({ label, kind, stoppedAt, size, stored, fault, repository }) => [
    ...(isOne ? [] : [repository]),
    label,
    kind,
    moment(stoppedAt),
    renderSize(size),
    renderSize(stored),
    fault ?? "good",
  ]);
  const columns = [
    ...(isOne ? [] : [{ heading: "repository", numeric: true }]),
    { heading: "backup" },
    { heading: "kind" },
    { heading: "ended" },
    { heading: "server", numeric: true },
    { heading: "added", numeric: true },
    { heading: "" },
  ];
  const each = isOne ? "" : repositories.map((one) => describeRepository(one, moment)).join("");
  return `${head}\n${each}\n${renderTable("Physical backups", columns, rows, colors)}\n`;
}

function describeRepository(
  { number, where, window, unread }: RepositoryData,
  moment: (text: string) => string,
): string {
  const state =
    unread !== null
      ? `cannot be read: ${unread}`
      : window === null
        ? "no moment can be restored from it"
        : `from ${moment(window.oldest)} to ${moment(window.newest)}`;
  return `repository ${number} (${where ?? "the volume of the server's host"}): ${state}\n`;
}

/** Of both commands. */
export const recoveryHelp = `
Exit code 1: no moment can be restored, a backup is missing by its schedule or has a fault, the log does not arrive, or a
repository cannot be read.

JSON: data.window { oldest, newest } | null; data.archivedAt | null; data.repositories [{ number, where | null, window | null,
unread | null }]; data.backups [{ label, kind (full, differential,
incremental), repository, startedAt, stoppedAt, startLsn, stopLsn, size, stored, needs, fault }], the oldest first.
`;
