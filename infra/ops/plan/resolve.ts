import type { PlanMessage, ShownStatement } from "../../../components/core/plan-message";
import { risks, type Refusal, type Risk, type Undeclared } from "../../../components/core/statement";
import { parsePlanMessage, resourceName, type Preview, type PreviewMessage } from "./preview";

/** What `pulumi up` would run: the `data` of `npm run ops -- plan --json`. */
export interface PlanData {
  readonly summary: PlanSummary;
  /** Resources that plan statements, refuse something or found what nobody declared, in the order of the run. */
  readonly resources: readonly ResourcePlan[];
  /** Everything that Pulumi would create, update, replace or delete. */
  readonly changes: readonly PlannedChange[];
  /** Variables that stand for verifiers in the script of `--sql`. */
  readonly variables: readonly SecretVariable[];
  /** Warnings of the preview. */
  readonly warnings: readonly string[];
}

export interface PlanSummary {
  readonly statements: number;
  readonly risks: Readonly<Record<Risk, number>>;
  readonly refusals: number;
}

export interface ResourcePlan {
  /** Type and name, such as `Access promptforge`. */
  readonly resource: string;
  readonly urn: string;
  /** Pulumi's word for what happens to the resource; `same` where it only found what it leaves alone. */
  readonly op: string;
  /** Database that statements run in where they name none; null where none is SQL. */
  readonly database: string | null;
  readonly statements: readonly PlannedStatement[];
  /** Not empty: nothing of the whole plan will run. */
  readonly refusals: readonly Refusal[];
  /** What nobody declared, and is left alone. */
  readonly undeclared: readonly Undeclared[];
  /** What people should know beside it. */
  readonly notes?: readonly string[];
  /** Why the server was not read: then the plan holds what the state alone can tell. */
  readonly unread?: string;
}

export interface PlannedStatement extends ShownStatement {
  /** The psql variable that holds what `'[verifier]'` stands for in `sql`. */
  readonly variable?: string;
}

export interface PlannedChange {
  readonly op: string;
  readonly resource: string;
  readonly urn: string;
}

export interface SecretVariable {
  readonly name: string;
  /** Role whose verifier it holds. */
  readonly role: string;
}

/** The plan of a stack from a preview that was run with `PGSTEAD_PLAN=json`. */
export function resolvePlan({ changes, messages }: Preview): PlanData {
  const variables = new Map<string, string>();
  const resources = [...plansByUrn(messages)].map(([urn, plan]): ResourcePlan => {
    const { pgsteadPlan: _format, statements, ...rest } = plan;
    return {
      resource: resourceName(urn),
      urn,
      op: changes.find((change) => change.urn === urn)?.op ?? "same",
      ...rest,
      statements: statements.map((statement) => nameSecret(statement, variables)),
    };
  });
  return {
    summary: summarize(resources),
    resources,
    changes: changes.map(({ op, urn }) => ({ op, resource: resourceName(urn), urn })),
    variables: [...variables].map(([role, name]) => ({ name, role })),
    warnings: messages.filter(({ severity }) => severity === "warning").map(({ text }) => text),
  };
}

/** A resource that is asked twice (its difference, then its creation) says its plan twice: the last one counts. */
function plansByUrn(messages: readonly PreviewMessage[]): Map<string, PlanMessage> {
  const plans = new Map<string, PlanMessage>();
  for (const { urn, text } of messages) {
    const plan = parsePlanMessage(text);
    if (plan === undefined || urn === undefined) continue;
    const unread = plan.unread ?? plans.get(urn)?.unread;
    plans.set(urn, { ...plan, ...(unread === undefined ? {} : { unread }) });
  }
  return plans;
}

function summarize(resources: readonly ResourcePlan[]): PlanSummary {
  const statements = resources.flatMap((resource) => resource.statements);
  const count = (risk: Risk): number => statements.filter((statement) => statement.risk === risk).length;
  return {
    statements: statements.length,
    risks: Object.fromEntries(risks.map((risk) => [risk, count(risk)])) as Record<Risk, number>,
    refusals: resources.flatMap(({ refusals }) => refusals).length,
  };
}

/** Statements with a verifier are those that make or change a role; `core` writes them so. */
const ofRole = /^(?:CREATE|ALTER) ROLE "((?:[^"]|"")+)"/;

/** @param known variables by role: a role has one, whatever its name holds */
function nameSecret(statement: ShownStatement, known: Map<string, string>): PlannedStatement {
  if (statement.redacted !== true) return statement;
  const role = ofRole.exec(statement.sql)?.[1]?.replaceAll('""', '"');
  if (role === undefined) throw new Error(`nobody knows whose verifier is in: ${statement.sql}`);
  const variable = known.get(role) ?? freeName(role, new Set(known.values()));
  known.set(role, variable);
  return { ...statement, variable };
}

/** psql takes letters, digits and underscores in the name of a variable. */
function freeName(role: string, taken: ReadonlySet<string>): string {
  const name = `${role.replace(/[^A-Za-z0-9_]/g, "_")}_verifier`;
  let free = name;
  for (let count = 2; taken.has(free); count++) free = `${name}_${count}`;
  return free;
}
