import { renderDuration } from "../../../components/core/duration";
import { renderSize } from "../../../components/core/size";
import type { StatusData } from "../backup/look";
import type { SettingsData } from "../commands/settings";
import type { DriftData } from "../drift/render";
import type { RecoveryData } from "../recovery/read-recovery";
import { numberOf, table, textOf, type PlacedTable } from "./placed";
import { renderMoment } from "./units";

const moment = (at: string | null): string => (at === null ? "never" : renderMoment(at));
const size = (bytes: number | null): string => (bytes === null ? "?" : renderSize(bytes));

export function backupTables({
  repository,
  schedule,
  databases,
  copies,
  freeBytes,
  drill,
}: StatusData): PlacedTable[] {
  const rows = databases.map((one) => [
    one.database,
    one.count,
    size(one.bytes),
    moment(one.newestAt),
    size(one.newestBytes),
    moment(one.lastVerifiedAt),
    one.exitCode === null ? "none" : one.exitCode === 0 ? "good" : "failed",
  ]);
  const columns = [
    ...[textOf("database"), numberOf("backups"), numberOf("size"), textOf("newest good")],
    ...[numberOf("its size"), textOf("verified"), textOf("last run")],
  ];
  const copyRows = copies.map((one) => [
    one.copy,
    one.where,
    one.database,
    one.count,
    size(one.bytes),
    moment(one.newestAt),
    moment(one.lastVerifiedAt),
  ]);
  const copyColumns = [
    ...[textOf("copy"), textOf("where"), textOf("database"), numberOf("backups"), numberOf("size")],
    ...[textOf("newest good"), textOf("verified")],
  ];
  const note = [
    repository,
    schedule === null ? "no schedule" : `schedule ${schedule}`,
    ...(freeBytes === null ? [] : [`${renderSize(freeBytes)} free`]),
    ...(drill.greatestAge === null ? [] : [`a drill every ${renderDuration(drill.greatestAge)} at least`]),
  ];
  return [
    table("backups", "Backups", columns, rows, note.join("; ")),
    ...(copies.length === 0 ? [] : [table("backups", "Copies elsewhere", copyColumns, copyRows)]),
  ];
}

export function recoveryTables({ window, archivedAt, backups }: RecoveryData): PlacedTable[] {
  const rows = backups.map(({ label, kind, stoppedAt, size: bytes, stored, fault }) => [
    label,
    kind,
    renderMoment(stoppedAt),
    renderSize(bytes),
    renderSize(stored),
    fault ?? "good",
  ]);
  const columns = [
    ...[textOf("backup"), textOf("kind"), textOf("taken")],
    ...[numberOf("server"), numberOf("stored"), textOf("state")],
  ];
  const moments =
    window === null
      ? "no moment can be restored"
      : `moments from ${renderMoment(window.oldest)} to ${renderMoment(window.newest)} can be restored`;
  return [
    table("backups", "Physical backups", columns, rows, `${moments}; log archived: ${moment(archivedAt)}`),
  ];
}

export function settingTables({ settings, overrides }: SettingsData): PlacedTable[] {
  const rows = settings
    .filter(({ deviates, pendingRestart }) => deviates || pendingRestart)
    .map(({ name, value, default: usual, owner, pendingRestart, reason }) => [
      name,
      value,
      usual,
      owner,
      pendingRestart ? "waits for a restart" : reason,
    ]);
  const own = overrides.map(({ role, database, name, value }) => [
    role ?? "all",
    database ?? "all",
    name,
    value,
  ]);
  return [
    table(
      "backups",
      "Settings that are not as declared, or wait for a restart",
      ["name", "value", "default", "by", "why"].map(textOf),
      rows,
      `${settings.length} settings differ from PostgreSQL's defaults; \`npm run ops -- settings\` has them all`,
    ),
    ...(own.length === 0
      ? []
      : [
          table(
            "backups",
            "Settings of roles and databases",
            ["role", "database", "name", "value"].map(textOf),
            own,
          ),
        ]),
  ];
}

export function driftTables({ drift, compared }: Pick<DriftData, "compared" | "drift">): PlacedTable[] {
  const rows = drift.map(({ kind, subject, message, sql }) => [kind, subject ?? "", message, sql ?? ""]);
  const note = `compared: ${compared.join(", ")}; what is inside of schemas: \`npm run ops -- drift\``;
  return [
    table(
      "backups",
      "Differences from what is declared",
      ["kind", "of", "what", "what would mend it"].map(textOf),
      rows,
      note,
    ),
  ];
}
