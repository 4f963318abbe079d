import { renderMoment } from "../../../components/core/migrations/compare-history";
import { fileNameOf } from "../../../components/core/migrations/history";
import type { Finding } from "../../../components/core/finding";
import { visible } from "../../../components/core/visible";
import type { Colors } from "../colors";
import type { OpsCommand } from "../command";
import { declareLook, renderMs } from "../migrate/declare-look";
import { reasonWords } from "../../../components/core/repeatables/plan-repeatables";
import { renderRepeatables } from "../migrate/repeats";
import type { LookArgs } from "../migrate/directory";
import { readState, toFindings, type MigrationState } from "../migrate/state";
import type { Report } from "../report";
import { renderTable } from "../table";
import { plural } from "../text";

type LookCommand = OpsCommand<LookArgs, MigrationState>;

/** Shows what is applied and what is not. */
export const migrateStatusCommand: LookCommand = {
  name: "migrate status",
  summary: "show what is applied, what is pending, and what it may cost",
  declare: (command) => {
    declareLook(command).addHelpText(
      "after",
      help("What is pending is no finding here; `migrate check` ends with 1.", "status"),
    );
  },
  async run(context, args) {
    const data = await readState(context, args);
    return { command: "migrate status", stack: context.stack, data, findings: toFindings(data.problems) };
  },
  render: ({ data }, _args, colors) => ({ output: renderState(data, colors) }),
};

/** For CI: is the database where the files are? */
export const migrateCheckCommand: LookCommand = {
  name: "migrate check",
  summary: "end with 1 where a migration or a repeatable file is pending, or the history is broken",
  declare: (command) => {
    declareLook(command).addHelpText(
      "after",
      help(
        "Ends with 0 only where every file is applied as it is; with engine alembic where the models say the same as well.",
        "check",
      ),
    );
  },
  async run(context, args) {
    const data = await readState(context, args);
    const findings = [...toFindings(data.problems), ...pendingFindings(data), ...leftFindings(data)];
    return { command: "migrate check", stack: context.stack, data, findings };
  },
  render: ({ data, findings }) => ({
    output: findings.length === 0 ? `${headLine(data)}: nothing is pending\n` : "",
  }),
};

/** Where the database is. */
export const migrateCurrentCommand: LookCommand = {
  name: "migrate current",
  summary: "print the last migration that is applied",
  declare: (command) => {
    declareLook(command).addHelpText(
      "after",
      help("Prints nothing else, and `none` where none is applied.", "current"),
    );
  },
  async run(context, args) {
    const data = await readState(context, args);
    return { command: "migrate current", stack: context.stack, data, findings: toFindings(data.problems) };
  },
  render: ({ data }) => ({ output: `${headOf(data)}\n`, machine: true }),
};

/** Whether what ran is what the files say. */
export const migrateVerifyCommand: LookCommand = {
  name: "migrate verify",
  summary: "compare the checksum of every applied migration with its file",
  declare: (command) => {
    declareLook(command).addHelpText(
      "after",
      help(
        "Edited, deleted, renamed, replaced and inserted files are told by name, with exit code 1, as are repeatable ones whose objects are gone, and objects that no file makes any more.",
        "verify",
      ),
    );
  },
  async run(context, args) {
    const data = await readState(context, args);
    const findings = [...toFindings(data.problems), ...missingFindings(data), ...leftFindings(data)];
    return { command: "migrate verify", stack: context.stack, data, findings };
  },
  render: ({ data, findings }: Report<MigrationState>) => ({
    output:
      findings.length > 0 ? "" : `${headLine(data)}: ${plural(data.applied.length, "file")} as applied\n`,
  }),
};

function help(more: string, name: string): string {
  return `
${more}

JSON: data.database; data.directory; data.applied [{ version, name, checksum, transactional, origin, appliedAt,
appliedBy, durationMs | null }]; data.pending [{ file, path, class, transactional }]; data.held [file above the
target]; data.above [file applied above it]; data.unfinished { version, name,
direction, done, running, startedAt, startedBy } | null; data.repeatables { applied [{ path, checksum, objects, left,
missing, appliedAt, appliedBy, durationMs }], pending [{ file, path, reason (new, changed, missing), class }], left
[{ file, object, drop }] }; data.problems [{ path, message, hint }]. With engine alembic \`version\` is the revision and
\`name\` its file; origin "elsewhere" has nothing but these; \`check\` has data.models { operations [code], skipped }
where the models were compared.

Example:
  npm run ops -- migrate ${name} --stack prod`;
}

/** What `migrate check` has of pending migrations. */
export function pendingFindings({ pending, repeatables }: MigrationState): Finding[] {
  const hint = "`migrate upgrade` applies it";
  return [
    ...pending.map(({ path, class: of }) => ({ subject: path, message: `is pending (${of})`, hint })),
    ...repeatables.pending.map(({ path, reason, class: of }) => ({
      subject: path,
      message: `is to be applied: ${reasonWords[reason]} (${of})`,
      hint,
    })),
  ];
}

function missingFindings({ repeatables }: MigrationState): Finding[] {
  const gone = repeatables.pending.filter(({ reason }) => reason === "missing");
  const hint = "`migrate upgrade` makes it anew";
  return gone.map(({ path }) => ({ subject: path, message: reasonWords.missing, hint }));
}

function leftFindings({ repeatables }: MigrationState): Finding[] {
  return repeatables.left.map(({ file, object, drop }) => ({
    subject: file,
    message: visible(`does not make ${object} any more, which is there still`),
    hint: visible(`drop it in a migration: ${drop};`),
  }));
}

function headOf({ applied }: MigrationState): string {
  const head = applied.at(-1);
  return head === undefined ? "none" : fileNameOf(head);
}

function headLine(data: MigrationState): string {
  return `database ${data.database} is at ${headOf(data)}`;
}

function renderState(data: MigrationState, colors: Colors): string {
  const { applied, pending, unfinished, directory } = data;
  const last = applied.slice(-shownApplied);
  const title =
    applied.length === last.length ? "Applied" : `Applied (the last ${last.length} of ${applied.length})`;
  const half =
    unfinished === null
      ? []
      : [
          colors.yellow(
            `${fileNameOf(unfinished)} is half done (${unfinished.direction}): ${plural(unfinished.done.length, "statement")} since ${renderMoment(unfinished.startedAt)}, by ${unfinished.startedBy}`,
          ),
        ];
  const sections = [
    `${headLine(data)}; ${plural(applied.length, "migration")} applied, ${pending.length} pending in ${directory}`,
    ...half,
    ...targetLines(data, colors),
    renderTable(
      title,
      [{ heading: "file" }, { heading: "when (UTC)" }, { heading: "by" }, { heading: "took", numeric: true }],
      last.map((row) => [
        fileNameOf(row),
        renderMoment(row.appliedAt).replace(" UTC", ""),
        row.appliedBy,
        row.origin === "baseline" ? "baseline" : renderMs(row.durationMs),
      ]),
      colors,
    ),
    renderTable(
      "Pending",
      [{ heading: "file" }, { heading: "worst class" }, { heading: "runs" }],
      pending.map(({ file, class: of, transactional }) => [
        file,
        of,
        transactional ? "in one transaction" : "statement by statement",
      ]),
      colors,
    ),
    ...renderRepeatables(data.repeatables, colors),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** What the target of the stack's configuration keeps from being applied, and what is applied in spite of it. */
function targetLines({ held, above }: MigrationState, colors: Colors): string[] {
  const waiting = held.filter((file) => !above.includes(file));
  return [
    ...(waiting.length === 0
      ? []
      : [`${plural(waiting.length, "file")} above the target of the stack: ${waiting.join(", ")}`]),
    ...(above.length === 0
      ? []
      : [colors.yellow(`applied above the target of the stack: ${above.join(", ")}`)]),
  ];
}

/** Rows that are shown of what is applied; `migrate history` shows the others. */
const shownApplied = 10;
