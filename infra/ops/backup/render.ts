import { renderHeads } from "../../../components/core/backup/alembic-head";
import { renderDuration } from "../../../components/core/duration";
import { renderSize } from "../../../components/core/size";
import type { Colors } from "../colors";
import { renderDrillStatus } from "../drill/render";
import { renderTable } from "../table";
import { plural } from "../text";
import type { PruneData, VerifyData } from "./keep";
import type { ListData, StatusData } from "./look";
import { describeSent } from "./render-sent";
import type { TakeData } from "./take";

const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join("");

export function renderTaken({ repository, taken, leftovers, removed, copies }: TakeData): string {
  return lines([
    ...leftovers.map((name) => `removed ${name}, which a run that was killed had left`),
    ...taken.flatMap(({ name, database, bytes, tables, rows, seconds, passwords, warnings }) => [
      `${database}: ${name}, ${renderSize(bytes)}, ${plural(tables, "table")} with ${rows} rows, in ${seconds.toFixed(1)} s; verified`,
      ...(passwords
        ? []
        : ["  its globals have no passwords: the role may not read them; `up` sets them after a restore"]),
      ...warnings.map((text) => `  ${text}`),
    ]),
    ...removed.map(({ name, reason }) => `removed ${name}: ${reason}`),
    ...copies.flatMap(describeSent),
    `repository: ${repository}`,
  ]);
}

export function renderList({ repository, backups, leftovers }: ListData, colors: Colors): string {
  const hasCopies = backups.some(({ copies }) => copies.length > 0);
  const rows = backups.map(
    ({ name, takenAt, bytes, format, serverVersion, migrationHead, alembic, verified, copies }) => [
      name,
      takenAt,
      bytes === null ? "?" : renderSize(bytes),
      format ?? "?",
      serverVersion ?? "?",
      renderHeads({ migrationHead, alembic }) ?? "",
      verified === "bad" ? "DAMAGED" : verified,
      ...(hasCopies
        ? [copies.map((one) => (one.verified === "bad" ? `${one.copy} DAMAGED` : one.copy)).join(", ")]
        : []),
    ],
  );
  const columns = [
    { heading: "name" },
    { heading: "taken" },
    { heading: "size", numeric: true },
    { heading: "format" },
    { heading: "server" },
    { heading: "migration" },
    { heading: "verified" },
    ...(hasCopies ? [{ heading: "copies" }] : []),
  ];
  const table = renderTable(`Backups in ${repository}`, columns, rows, colors);
  return lines([
    table,
    ...leftovers.map((name) => `${name}: a run that was killed, or is under way, has left it`),
  ]);
}

export function renderVerified({ verified, copies }: VerifyData): string {
  if (verified.length === 0) return "none was verified\n";
  return lines([
    ...verified.map(({ name, faults, listed }) => {
      if (faults.length > 0) return `${name}: damaged`;
      return `${name}: good${listed ? "" : "; its content was not listed, for want of pg_restore of its version or of an archive"}`;
    }),
    ...copies.map(
      ({ name, copy, faults }) => `${name} at ${copy}: ${faults.length > 0 ? "damaged" : "good"}`,
    ),
  ]);
}

export function renderPruned({ databases, copies, dryRun }: PruneData): string {
  if (databases.length + copies.length === 0) return "none was looked at\n";
  const done = dryRun ? "would go" : "removed";
  const all = [
    ...databases.map((plan) => ({ ...plan, of: plan.database })),
    ...copies.map((plan) => ({ ...plan, of: `${plan.database} at ${plan.copy}` })),
  ];
  return lines(
    all.flatMap(({ of, keep, remove }) => [
      `${of}: ${plural(keep.length, "backup")} kept, ${remove.length} ${done}`,
      ...remove.map(({ name, reason }) => `  ${name}: ${done}, ${reason}`),
      ...keep.map(({ name, reason }) => `  ${name}: stays, ${reason}`),
    ]),
  );
}

export function renderBackupStatus(data: StatusData, colors: Colors): string {
  const { repository, schedule, nextRunAt, greatestAge, freeBytes, databases, copies, leftovers } = data;
  return lines([
    renderDatabases(databases, colors),
    ...(copies.length === 0 ? [] : [renderCopies(copies, colors)]),
    ...leftovers.map((name) => `${name}: a run that was killed, or is under way, has left it`),
    `repository: ${repository}${freeBytes === null ? "" : `, ${renderSize(freeBytes)} free`}`,
    schedule === null
      ? "no schedule is declared (pgstead:backup.logical): how old a backup may be is not known"
      : `schedule: ${schedule}, next ${nextRunAt ?? ""}; a backup may be ${renderDuration(greatestAge ?? 0)} old`,
    ...renderPhysical(data.physical),
    ...renderDrillStatus(data.drill, colors),
    ...renderCopyDrills(data),
  ]);
}

function renderDatabases(databases: StatusData["databases"], colors: Colors): string {
  const rows = databases.map(
    ({
      database,
      count,
      bytes,
      newest,
      newestAt,
      newestHead,
      lastVerifiedAt,
      lastRunAt,
      exitCode,
      seconds,
    }) => [
      database,
      count,
      renderSize(bytes),
      newest ?? "none",
      newestAt ?? "",
      newestHead ?? "",
      lastVerifiedAt ?? "",
      lastRunAt ?? "never",
      exitCode === null ? "" : exitCode === 0 ? "success" : "failure",
      seconds === null ? "" : `${seconds.toFixed(1)} s`,
    ],
  );
  const headings = [
    "database",
    "backups",
    "size",
    "newest good",
    "taken",
    "migration",
    "verified",
    "last run",
    "ended with",
    "took",
  ];
  const columns = headings.map((heading) => ({
    heading,
    numeric: ["backups", "size", "took"].includes(heading),
  }));
  return renderTable("Backups", columns, rows, colors);
}

function renderCopyDrills({ copies, drill: { copyMaxAge } }: StatusData): string[] {
  if (copies.length === 0) return [];
  if (copyMaxAge !== null) {
    return [`copies: the last drill of each may be ${renderDuration(copyMaxAge)} ago`];
  }
  return copies
    .filter(({ count, lastDrilledAt }) => count > 0 && lastDrilledAt === null)
    .map(
      ({ copy, database }) =>
        `nobody has restored a backup of ${database} at ${copy} yet; where the key is: \`backup drill --copy ${copy} --identity <file>\``,
    );
}

type Drilled = Pick<StatusData["copies"][number], "lastDrilledAt" | "lastDrillPassed">;

function drilled({ lastDrilledAt, lastDrillPassed }: Drilled): string {
  if (lastDrilledAt === null) return "never";
  return lastDrillPassed === true ? lastDrilledAt : `${lastDrilledAt} FAILED`;
}

function renderPhysical(physical: StatusData["physical"]): string[] {
  if (physical === null) return [];
  const { window, backups, repositories, nextFullAt, nextIncrementalAt } = physical;
  const moments = (of: typeof window): string =>
    of === null ? "no moment can be restored" : `from ${of.oldest} to ${of.newest}`;
  const others = repositories.filter(({ where }) => where !== null);
  return [
    `physical: ${plural(backups.length, "backup")}, ${moments(window)}; next full one ${nextFullAt}, incremental ${nextIncrementalAt}`,
    ...others.map(
      ({ number, where, unread, window: own }) =>
        `repository ${number} of them, ${where ?? ""}: ${unread === null ? moments(own) : `cannot be read: ${unread}`}`,
    ),
  ];
}

function renderCopies(copies: StatusData["copies"], colors: Colors): string {
  const headings = [
    "copy",
    "database",
    "backups",
    "size",
    "newest good",
    "verified",
    "last run",
    "ended with",
    "drilled",
  ];
  const columns = headings.map((heading) => ({ heading, numeric: ["backups", "size"].includes(heading) }));
  const rows = copies.map(
    ({ copy, database, count, bytes, newest, lastVerifiedAt, lastRunAt, exitCode, ...drill }) => [
      ...[
        copy,
        database,
        count,
        renderSize(bytes),
        newest ?? "none",
        lastVerifiedAt ?? "",
        lastRunAt ?? "never",
      ],
      ...[exitCode === null ? "" : exitCode === 0 ? "success" : "failure", drilled(drill)],
    ],
  );
  return renderTable("Copies", columns, rows, colors);
}
