import { renderSummary } from "../../../components/core/statement";
import { visible } from "../../../components/core/visible";
import type { Colors } from "../colors";
import type { PlannedStatement, ResourcePlan, PlanData } from "./resolve";

/** The plan for people: the summary, then each resource with its statements, then what else Pulumi does. */
export function renderStackPlan(stack: string, plan: PlanData, colors: Colors): string {
  const sections = [
    `${colors.bold(`stack ${stack}:`)} ${summaryLine(plan)}`,
    ...plan.resources.map((resource) => renderResource(resource, colors)),
    ...renderOthers(plan, colors),
    ...plan.warnings.map((text) => colors.yellow(`warning: ${text}`)),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** `7 statements: 5 access, 1 restart; 12 resources change`. */
export function summaryLine({ summary, resources, changes }: PlanData): string {
  const found = resources.reduce((count, { undeclared }) => count + undeclared.length, 0);
  const parts = [
    ...(summary.statements === 0 ? [] : [renderSummary(resources.flatMap(({ statements }) => statements))]),
    ...(changes.length === 0
      ? []
      : [changes.length === 1 ? "1 resource changes" : `${changes.length} resources change`]),
    ...(summary.refusals === 0 ? [] : [`${summary.refusals} refused`]),
  ];
  const left = found === 0 ? "" : `; ${found} left alone`;
  return `${parts.length === 0 ? "nothing to do" : parts.join("; ")}${left}`;
}

function renderResource(plan: ResourcePlan, colors: Colors): string {
  const { resource, op, statements, refusals, undeclared, unread, database, notes = [] } = plan;
  const place =
    database === null || statements.every(({ step }) => step === true) ? "" : `, in database ${database}`;
  const lines = [
    ...(unread === undefined ? [] : [colors.yellow(`compared with the state only: ${unread}`)]),
    ...refusals.flatMap(({ subject, message, hint }) => [
      colors.red(`refused: ${visible(`${subject}: ${message}`)}`),
      colors.dim(`  hint: ${visible(hint)}`),
    ]),
    ...statements.map((statement) => renderStatement(statement, colors)),
    ...undeclared.map(({ subject, message }) => `left alone: ${visible(`${subject}: ${message}`)}`),
    ...notes.map((note) => `note: ${visible(note)}`),
  ];
  const count = statements.length === 0 ? "" : `: ${renderSummary(statements)}`;
  const title = `${colors.bold(visible(resource))} (${op}${visible(place)})${count}`;
  return [title, ...lines.map((line) => `  ${line}`)].join("\n");
}

function renderStatement(statement: PlannedStatement, colors: Colors): string {
  const { sql, summary, reason, risk, step, by, database, migration, lines = [] } = statement;
  const notes = [
    ...(risk === "none" ? [] : [risk === "access" ? colors.yellow("[access]") : colors.red(`[${risk}]`)]),
    ...(database === undefined ? [] : [colors.dim(visible(`(in database ${database})`))]),
    ...(by === undefined ? [] : [colors.dim(`(by ${by})`)]),
  ];
  const end = step === true ? "" : ";";
  // The text of a migration is shown as its file has it.
  const text =
    migration === undefined ? [visible(summary ?? sql)] : sql.replaceAll("\t", "  ").split("\n").map(visible);
  const first = [`${text.join("\n    ")}${end}`, "", colors.dim(`-- ${visible(reason)}`), ...notes].join(" ");
  return [first, ...lines.map((line) => `    ${visible(line)}`)].join("\n");
}

/** Resources that change and have said nothing of SQL themselves: credentials, official resources, providers. */
function renderOthers({ changes, resources }: PlanData, colors: Colors): string[] {
  const planned = new Set(resources.map(({ urn }) => urn));
  const others = changes.filter(({ urn }) => !planned.has(urn));
  if (others.length === 0) return [];
  const lines = others.map(({ op, resource }) => `  ${op} ${visible(resource)}`);
  return [[colors.bold("resources that change besides:"), ...lines].join("\n")];
}
