import { renderPlan, risks, type Risk } from "../../../components/core/statement";
import {
  findErrors,
  parsePlanMessage,
  resourceName,
  type Preview,
  type PreviewMessage,
} from "../plan/preview";

/** What a comment tells of a preview. */
export interface PreviewReport {
  readonly outcome: "unchanged" | "planned" | "refused" | "failed";
  /** Statements by risk, of all resources. */
  readonly risks: Readonly<Record<Risk, number>>;
  readonly statements: number;
  readonly resources: readonly ReportedPlan[];
  /** Resources that change and have said nothing of SQL, such as `create Credential shop_app`. */
  readonly others: readonly string[];
  readonly changes: number;
  /** How many things were found that nobody declared: they are left alone, and in the lines. */
  readonly undeclared: number;
  /** Resources whose server was not read, and why: their plans hold what the state alone can tell. */
  readonly unread: readonly string[];
  readonly refusals: readonly string[];
  /** What made the preview fail, beside refusals. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** The plan of one resource, as its text has it. */
export interface ReportedPlan {
  /** Type and name, such as `Access promptforge`. */
  readonly resource: string;
  /** Pulumi's word for what happens to it. */
  readonly op: string;
  /** Such as `5 statements: 5 access`. */
  readonly summary: string;
  readonly lines: readonly string[];
  readonly refusals: readonly string[];
}

/** What a preview says, whatever form its plans were asked for in. */
export function resolveReport(preview: Preview): PreviewReport {
  const { changes, messages } = preview;
  const texts = textsByUrn(messages);
  const plans = [...texts].map(([urn, text]) => {
    const op = changes.find((change) => change.urn === urn)?.op ?? "same";
    return { ...parsePlanText(text), resource: resourceName(urn), op };
  });
  const refusals = plans.flatMap((plan) => plan.refusals);
  const errors = findErrors(preview, { refused: refusals.length > 0 });
  const others = changes.filter(({ urn }) => !texts.has(urn));
  const total = (risk: Risk): number => plans.reduce((sum, plan) => sum + plan.risks[risk], 0);
  const unread = plans.flatMap((plan) => plan.unread.map((reason) => `${plan.resource}: ${reason}`));
  const statements = plans.reduce((sum, plan) => sum + plan.statements, 0);
  const anything = changes.length > 0 || statements > 0 || unread.length > 0;
  return {
    outcome: outcomeOf(refusals.length, errors.length, anything),
    risks: Object.fromEntries(risks.map((risk) => [risk, total(risk)])) as Record<Risk, number>,
    statements,
    resources: plans,
    others: others.map(({ op, urn }) => `${op} ${resourceName(urn)}`),
    changes: changes.length,
    undeclared: plans.reduce((sum, plan) => sum + plan.undeclared, 0),
    unread,
    refusals,
    errors,
    warnings: messages.filter(({ severity }) => severity === "warning").map(({ text }) => text),
  };
}

function outcomeOf(refusals: number, errors: number, anything: boolean): PreviewReport["outcome"] {
  if (refusals > 0) return "refused";
  if (errors > 0) return "failed";
  return anything ? "planned" : "unchanged";
}

/** The last plan of a resource counts; that its server was not read is kept. */
function textsByUrn(messages: readonly PreviewMessage[]): Map<string, string[]> {
  const texts = new Map<string, string[]>();
  for (const { urn, text } of messages) {
    const plan = planText(text);
    if (plan === undefined || urn === undefined) continue;
    const unread = (texts.get(urn) ?? []).filter((line) => line.startsWith(unreadStart));
    texts.set(urn, [...unread, ...plan.split("\n")]);
  }
  return texts;
}

const unreadStart = "plan: compared with the state only: ";

function planText(text: string): string | undefined {
  if (text.startsWith("plan: ")) return text;
  const plan = parsePlanMessage(text);
  if (plan === undefined) return undefined;
  if (plan.unread !== undefined) return `${unreadStart}${plan.unread}`;
  const statements = plan.statements.map(({ redacted: _redacted, ...statement }) => statement);
  return renderPlan({ ...plan, statements }, { full: true });
}

const title = /^plan: ((\d+) (?:statement|action)s?(?:: ([^;]*))?)(?:; \d+ refused)?$/;

/** Takes apart what `renderPlan` wrote: one line for the summary, then one for each thing. */
function parsePlanText(text: readonly string[]) {
  const counted = text.map((line) => title.exec(line)).find((match) => match !== null);
  const [, summary = "", statements = "0", counts = ""] = counted ?? [];
  const body = text.filter((line) => line.startsWith("  ")).map((line) => line.slice(2));
  const isRefusal = (line: string): boolean => line.startsWith("refused: ");
  const unread = text
    .filter((line) => line.startsWith(unreadStart))
    .map((line) => line.slice(unreadStart.length));
  const byRisk = countRisks(counts, Number(statements));
  return {
    summary,
    statements: Number(statements),
    risks: byRisk,
    unread,
    undeclared: body.filter((line) => line.startsWith("left alone: ")).length,
    lines: body
      .filter((line) => !isRefusal(line))
      .map((line) => (/^(?:left alone: |note: |…)/.test(line) ? `-- ${line}` : line)),
    refusals: body.filter(isRefusal).map((line) => line.slice("refused: ".length)),
  };
}

/** `5 access, 1 restart`; what is not named has no risk. */
function countRisks(counts: string, statements: number): Record<Risk, number> {
  const named = counts.split(", ").map((count) => /^(\d+) (\S+)$/.exec(count));
  const of = (risk: Risk): number => Number(named.find((match) => match?.[2] === risk)?.[1] ?? 0);
  const risky = risks.reduce((sum, risk) => sum + of(risk), 0);
  return Object.fromEntries(
    risks.map((risk) => [risk, risk === "none" ? of("none") + statements - risky : of(risk)]),
  ) as Record<Risk, number>;
}
