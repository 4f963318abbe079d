import type {
  ChecklistItem,
  ChecklistName,
  ChecklistStack,
  ItemResult,
  ItemStatus,
} from "../../../components/core/operations/checklist/item";
import { statusOfLook } from "../../../components/core/operations/checklist/item";
import { checklists } from "../../../components/core/operations/checklist/lists";
import type { Finding } from "../../../components/core/finding";
import type { StackConfig } from "../../config";
import type { CommandContext } from "../command";
import { describeFailure } from "../failure";
import { CancelledError } from "../interrupt";
import type { Report } from "../report";
import { shareLooks } from "../watcher";
import { looks } from "./looks";

/** What `checklist` tells, as JSON. */
export interface ChecklistData {
  readonly list: ChecklistName;
  /** In the order in which they are gone through. */
  readonly items: readonly ItemResult[];
  readonly counts: Readonly<Record<ItemStatus, number>>;
}

/** Goes through a list; an item that fails keeps no other from being looked at. */
export async function runChecklist(
  given: CommandContext,
  list: ChecklistName,
): Promise<Report<ChecklistData>> {
  const { context, close } = shareLooks(given);
  const stack = describeStack(given.stack, given.config);
  const items: ItemResult[] = [];
  try {
    for (const item of checklists[list]) {
      const place = `${items.length + 1} of ${checklists[list].length}`;
      items.push(await context.progress(`${list}, ${place}: ${item.id}`, runItem(context, item, stack)));
    }
  } finally {
    await close();
  }
  const counts = { passed: 0, found: 0, unseen: 0, "not-declared": 0, person: 0 };
  for (const { status } of items) counts[status] += 1;
  return {
    command: "checklist",
    stack: given.stack,
    data: { list, items, counts },
    findings: items.flatMap(summarize),
    ...(counts.unseen > 0 ? { incomplete: true } : {}),
  };
}

/** What the lists have to know of it. */
export function describeStack(stack: string, config: StackConfig): ChecklistStack {
  const { target, disposable, backup, docker, samples, databases } = config;
  return {
    ...{ stack, target, disposable, samples },
    backups: {
      logical: backup.logical !== undefined,
      physical: docker?.physical !== undefined,
      encryptedCopies: (backup.copies?.recipients.length ?? 0) > 0,
    },
    statements: databases.some(({ extensions }) =>
      extensions.some(({ name }) => name === "pg_stat_statements"),
    ),
    alerts: docker?.monitoring !== undefined,
  };
}

async function runItem(
  context: CommandContext,
  { id, title, taskOn }: ChecklistItem,
  stack: ChecklistStack,
): Promise<ItemResult> {
  const task = taskOn(stack);
  const head = { id, title, findings: [], command: null, seconds: null };
  if (task.kind === "person") return { ...head, status: "person", message: task.text };
  if (task.kind === "not-declared") return { ...head, status: "not-declared", message: task.reason };
  if (task.kind === "found") {
    return { ...head, status: "found", message: task.finding.message, findings: [task.finding] };
  }
  const { line, run } = looks[task.look];
  const command = `npm run ops -- ${line} --stack ${stack.stack}`;
  const begun = performance.now();
  const seconds = (): number => Math.round(performance.now() - begun) / 1_000;
  try {
    const looked = await run(context);
    const { findings, told, unseen = [] } = looked;
    const status = statusOfLook(looked);
    const message = status === "passed" ? told : [...findings.map(oneLine), ...unseen].join("; ");
    return { id, title, status, message, findings, command, seconds: seconds() };
  } catch (error) {
    // Who ended it wants no further items.
    if (error instanceof CancelledError) throw error;
    const { title: what, problems } = describeFailure(error, context.stack);
    const reasons = problems.map(
      ({ path, message, hint }) => `${path === "" ? "" : `${path}: `}${message} (${hint})`,
    );
    return {
      id,
      title,
      status: "unseen",
      message: `${what}: ${reasons.join("; ")}`,
      findings: [],
      command,
      seconds: seconds(),
    };
  }
}

function oneLine({ subject, message }: Finding): string {
  return `${subject}: ${message}`;
}

/** A list may find a hundred things: one line an item, and the command that shows them. */
function summarize({ id, status, findings, command }: ItemResult): Finding[] {
  const [first] = findings;
  if (status !== "found" || first === undefined) return [];
  const rest = findings.length === 1 ? "" : ` (and ${findings.length - 1} more)`;
  const isCritical = findings.some(({ severity }) => severity === "critical");
  return [
    {
      subject: id,
      message: `${oneLine(first)}${rest}`,
      hint: findings.length > 1 && command !== null ? `\`${command}\` shows them` : first.hint,
      severity: isCritical ? "critical" : "warning",
    },
  ];
}
