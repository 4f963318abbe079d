import { shown, type Plan, type Refusal, type Statement, type Undeclared } from "./statement";

/** A statement as a program may know it: `sql` holds nothing secret. */
export interface ShownStatement extends Omit<Statement, "redacted" | "body"> {
  /** True where what is sent holds a verifier, and `sql` has `'[verifier]'` in its place. */
  readonly redacted?: true;
}

/** What a resource would do, for a program that reads a preview: the plan of `PGSTEAD_PLAN=json`. */
export interface PlanMessage {
  /** Names the format; raised when a field changes its meaning or goes. */
  readonly pgsteadPlan: 1;
  /** Database that statements run in where they name none; null where none is SQL. */
  readonly database: string | null;
  readonly statements: readonly ShownStatement[];
  readonly refusals: readonly Refusal[];
  /** What nobody declared, and is left alone. */
  readonly undeclared: readonly Undeclared[];
  /** What people should know beside it. */
  readonly notes?: readonly string[];
  /** Why the server was not read: then the plan holds what the state alone can tell. */
  readonly unread?: string;
}

/** The plan as one line of JSON, without anything secret. */
export function renderPlanMessage(plan: Plan, place: { database: string | null; unread?: string }): string {
  const { notes = [] } = plan;
  const message: PlanMessage = {
    pgsteadPlan: 1,
    database: place.database,
    statements: plan.statements.map(showStatement),
    refusals: plan.refusals,
    undeclared: plan.undeclared ?? [],
    ...(notes.length === 0 ? {} : { notes }),
    ...(place.unread === undefined ? {} : { unread: place.unread }),
  };
  return JSON.stringify(message);
}

function showStatement(statement: Statement): ShownStatement {
  // `sql` has the whole of it.
  const { redacted, body: _, ...rest } = statement;
  return redacted === undefined ? rest : { ...rest, sql: shown(statement), redacted: true };
}
