import { renderDuration } from "../../../components/core/duration";
import { renderVersions } from "../../../components/core/backup/alembic-head";
import type { Loss } from "../../../components/core/restore/loss";
import { renderSize } from "../../../components/core/size";
import { renderCopiesList } from "../backup/render-copies";
import { renderList } from "../backup/render";
import { colorsFor, type Colors } from "../colors";
import { renderTable } from "../table";
import { plural } from "../text";
import type { RestoreData } from "./outcome";
import type { KeptDatabase, RestorePlanData } from "./look";

const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join("");

/** What a run came to. */
export function renderRestore(data: RestoreData, colors: Colors): string {
  switch (data.action) {
    case "list":
      return renderList(data, colors) + renderKept(data.kept, colors);
    case "copies":
      return renderCopiesList(data, colors);
    case "plan":
      return `${renderPlanned(data, colors)}\n`;
    case "restored":
      return lines([
        ...data.leftovers.map((name) => `removed ${name}, which a run that was killed had left`),
        ...told(data),
        `${data.database} is what it was in ${data.backup}; it took ${data.seconds.toFixed(1)} s`,
        ...(data.presentBackup === null ? [] : [`what it was before is in backup ${data.presentBackup}`]),
        ...(data.kept === null
          ? []
          : [
              `and in database ${data.kept}, which takes no connections: \`restore --undo\` brings it back, \`restore --drop-old\` removes it`,
            ]),
      ]);
    case "into":
      return lines([
        ...told(data),
        `${data.database} is what was in ${data.backup}; it took ${data.seconds.toFixed(1)} s`,
      ]);
    case "table":
      return lines([
        ...data.notes,
        `${data.table} of ${data.database} has ${data.rows} rows from ${data.backup}`,
      ]);
    case "undone":
      return lines([
        `${data.names.join(", ")} is ${data.database} again; what was restored is ${data.kept ?? ""}`,
      ]);
    case "dropped":
      return lines(data.names.map((name) => `removed ${name}`));
    case "none":
      return "";
  }
}

function told({
  roles,
  notes,
}: {
  readonly roles: readonly string[];
  readonly notes: readonly string[];
}): string[] {
  return [
    ...(roles.length === 0 ? [] : [`made ${plural(roles.length, "role")}: ${roles.join(", ")}`]),
    ...notes,
  ];
}

function renderKept(kept: readonly KeptDatabase[] | null, colors: Colors): string {
  if (kept === null) return "what restores have kept is not known: the server cannot be asked\n";
  if (kept.length === 0) return "";
  const rows = kept.map(({ name, of, kind, size, isOpen }) => [
    name,
    of,
    kind === "restore" ? "left by a killed restore, or being made" : isOpen ? "open" : "kept",
    size === null ? "?" : renderSize(size),
  ]);
  const columns = [
    { heading: "database" },
    { heading: "of" },
    { heading: "is" },
    { heading: "size", numeric: true },
  ];
  return `\n${renderTable("Databases beside", columns, rows, colors)}\n`;
}

const plain = colorsFor({}, {});

/** What a restore would take away, for who is to type the database's name. */
export function renderPlanned(
  { backup, database, takenAt, loss, sessions, size, passwords }: RestorePlanData,
  colors: Colors = plain,
): string {
  const head = `${backup} is good; it is of ${takenAt}`;
  if (loss === null) return `${head}\nthere is no database ${database} now: nothing would be lost`;
  return [
    `${head}, ${renderDuration(loss.age)} ago`,
    `it would replace ${database}, which has ${size === null ? "?" : renderSize(size)} and ${plural(sessions, "session")}, which would end`,
    ...renderLoss(loss, colors),
    ...(passwords
      ? []
      : ["the backup has no passwords: roles that are missing get theirs with the next `up`"]),
    "a backup of the present state is taken first",
  ].join("\n");
}

function renderLoss({ tables, same, migrations, alembic }: Loss, colors: Colors): string[] {
  const rows = tables.map(({ table, now, isExact, backup }) => [
    table,
    now === null ? "is not there" : isExact ? now : `about ${now}`,
    backup ?? "is not in it: it goes",
  ]);
  const columns = [
    { heading: "table" },
    { heading: "rows now", numeric: true },
    { heading: "rows in the backup", numeric: true },
  ];
  return [
    ...(rows.length === 0 ? [] : [renderTable("What changes", columns, rows, colors)]),
    `${plural(same, "table")} ${same === 1 ? "has" : "have"} as many rows as in the backup; rows that were changed since are not counted`,
    ...migrations.map(
      ({ version, name }) => `migration ${version} ${name} was applied since, and would be gone`,
    ),
    ...alembic.map(
      ({ table, now, backup }) =>
        `${table} of Alembic is ${renderVersions(now)} now, and in the backup ${renderVersions(backup)}`,
    ),
  ];
}
