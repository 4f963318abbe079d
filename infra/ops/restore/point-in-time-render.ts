import {
  changedTables,
  uncounted,
  type RestoreDifference,
} from "../../../components/core/physical/restored-content";
import { renderMoment } from "../../../components/core/physical/window";
import { renderSize } from "../../../components/core/size";
import type { Colors } from "../colors";
import { renderTable } from "../table";
import { plural } from "../text";
import type { MomentData } from "./point-in-time-place";

/** What a restore found and did, for people. */
export function renderMomentData(data: MomentData, stack: string, colors: Colors): string {
  const parts = [
    ...data.settled,
    ...(data.backup === null ? [] : [renderRestored(data)]),
    ...(data.difference === null ? [] : [renderDifference(data.difference, colors)]),
    ...renderEnd(data, stack),
    ...(data.generations.length === 0 ? [] : [renderGenerations(data, colors)]),
  ];
  return parts.map((part) => `${part}\n`).join("\n");
}

/** What was restored and what would be lost, for the one who is about to be asked. */
export function renderFound(data: MomentData, colors: Colors): string {
  const difference = data.difference === null ? notCompared : renderDifference(data.difference, colors);
  return `${renderRestored(data)}\n\n${difference}\n`;
}

const notCompared = "the live server does not answer: nobody knows what it has that this does not";

const momentOf = (text: string | null): string => (text === null ? "none" : renderMoment(Date.parse(text)));

function renderRestored({ target, backup, generation, restoreSeconds, newestCommit }: MomentData): string {
  const moment = target === null ? "the end of the log" : momentOf(target);
  const lines = [
    `generation ${generation ?? ""}: the server as it was at ${moment}, from backup ${backup ?? ""}`,
    ...(restoreSeconds === null ? [] : [`restored in ${restoreSeconds.toFixed(1)} s`]),
  ];
  if (newestCommit !== null) lines.push(`its newest transaction ended at ${momentOf(newestCommit)}`);
  return lines.join("\n");
}

function renderDifference({ databases, roles }: RestoreDifference, colors: Colors): string {
  const rows = databases.flatMap((database) =>
    changedTables(database).map(({ name, restored, live }): [string, string, string, string, string] => [
      database.name,
      name,
      restored ?? "not there",
      live ?? "not there",
      describeChange(restored, live),
    ]),
  );
  const same = databases.flatMap(({ tables }) => tables).length - rows.length;
  const columns = [
    { heading: "database" },
    { heading: "table" },
    { heading: "restored", numeric: true },
    { heading: "now", numeric: true },
    { heading: "" },
  ];
  return [
    renderTable("Rows, where their number is another one", columns, rows, colors),
    `${plural(same, "table")} with the same number of rows`,
    ...databases.flatMap(({ name, on, migrationHead: { restored, live } }) => [
      ...(on === "live" ? [`database ${name} is not there: it would be lost`] : []),
      ...(on === "restored" ? [`database ${name} comes back`] : []),
      ...(on === "both" && restored !== live
        ? [`database ${name}: newest migration ${restored ?? "none"}, now ${live ?? "none"}`]
        : []),
    ]),
    ...(roles.lost.length > 0 ? [`roles that are not there: ${roles.lost.join(", ")}`] : []),
    ...(roles.back.length > 0 ? [`roles that come back: ${roles.back.join(", ")}`] : []),
  ].join("\n");
}

function describeChange(restored: string | null, live: string | null): string {
  if (live === null)
    return restored === uncounted ? "comes back; not counted: a change was under way" : "comes back";
  if (restored === null) return "would be lost";
  if (restored === uncounted || live === uncounted) return "not counted: a change was under way";
  const change = BigInt(restored) - BigInt(live);
  return change < 0n ? `${-change} fewer` : `${change} more`;
}

function renderEnd({ action, inUse, kept, generation, fullBackup }: MomentData, stack: string): string[] {
  if (inUse) {
    const before = action === "undo" ? "the one before it" : "the generation before it";
    return [
      `generation ${generation ?? ""} is in use${fullBackup ? ", and has a full backup" : ""}; ${before} stays until ` +
        `\`npm run ops -- restore --server --drop-old --stack ${stack}\`, and \`--server --undo\` takes it again`,
    ];
  }
  if (kept !== null) {
    return [
      `nothing of the live server was changed; look into it with \`docker exec -it ${kept} psql -h /tmp -d <database>\`, ` +
        "then `restore --server --confirm <database>` or `restore --discard`",
    ];
  }
  return action === "restore"
    ? [
        "nothing of the live server was changed, and what was restored is gone again: `--confirm <database>` puts it in place",
      ]
    : [];
}

function renderGenerations({ generations }: MomentData, colors: Colors): string {
  const rows = generations.map(({ number, bytes, current, restoredTo }) => [
    number,
    renderSize(bytes),
    restoredTo ?? "",
    current ? "in use" : "",
  ]);
  const columns = [
    { heading: "generation", numeric: true },
    { heading: "size", numeric: true },
    { heading: "restored to" },
    { heading: "" },
  ];
  return renderTable("Generations of the data", columns, rows, colors);
}
