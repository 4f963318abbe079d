import { Argument } from "commander";
import { checklistNames, type ChecklistName } from "../../../components/core/operations/checklist/item";
import { problemError } from "../../../components/core/problem";
import { renderChecklist } from "../checklist/render";
import { runChecklist, type ChecklistData } from "../checklist/run";
import type { OpsCommand } from "../command";
import { nearest } from "../../config/shape";

interface ChecklistArgs {
  readonly operands: readonly string[];
}

/** Goes through what is to be looked at daily, weekly, monthly, or before a release. */
export const checklistCommand: OpsCommand<ChecklistArgs, ChecklistData> = {
  name: "checklist",
  summary: "go through what is to be looked at daily, weekly, monthly or before a release",
  declare: (command) => {
    command.addArgument(new Argument("<list>", checklistNames.join(", "))).addHelpText("after", help);
  },
  run: (context, { operands: [list = ""] }) => runChecklist(context, parseList(list)),
  nagios: ({ data: { list, counts } }) => ({
    summary: `${list}: ${counts.passed} passed, ${counts.found} found something, ${counts.unseen} not seen`,
    performance: [
      { label: "found", value: counts.found, warning: 0, min: 0 },
      { label: "unseen", value: counts.unseen, min: 0 },
    ],
  }),
  render: (report, _args, colors) => ({ output: renderChecklist(report, colors) }),
};

const help = `
daily: health, space, backups, errors of the log. weekly: slow queries, bloat, restore test, drift. monthly: growth,
indexes, statistics, old backups, passwords, hardening. release: health, migrations and what is pending of them, drift,
the backup that counts, the plan. Each item is the command that its line names, in one process: the state is read once,
sessions are shared, and one that fails keeps no other from being looked at. Nothing is changed.

passed, found N, not seen (why), not declared (the stack has nothing to look at), for a person (what only somebody can do).
Ends with 1 where anything is found, with 3 where nothing is and something could not be looked at.

JSON: data.list; data.items [{ id, title, status (passed, found, unseen, not-declared, person), message, findings, command |
null, seconds | null }]; data.counts by status. The list \`findings\` beside data has one for each item that found something.

Examples:
  npm run ops -- checklist daily --stack prod
  npm run --silent ops -- checklist weekly --json --stack prod`;

function parseList(text: string): ChecklistName {
  const found = checklistNames.find((name) => name === text);
  if (found !== undefined) return found;
  const meant = nearest(text, checklistNames);
  const known = `the lists: ${checklistNames.join(", ")}`;
  const hint = meant === undefined ? known : `did you mean ${meant}? ${known}`;
  throw problemError("checklist", `there is no list ${JSON.stringify(text)}`, hint);
}
