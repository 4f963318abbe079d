import { shown, type Plan, type Risk, type StatementKind } from "../../../components/core/statement";

/** One thing on the server that is not as declared. */
export interface DriftItem {
  readonly kind: StatementKind;
  /** Name of the own resource that would mend it, such as `Access promptforge`. */
  readonly resource: string;
  /** What is the matter, such as `the server has owner postgres`. */
  readonly message: string;
  /** The statement that mends it; absent where nobody declared it, and it is left alone. */
  readonly sql?: string;
  readonly risk?: Risk;
  /** What it is, where there is no statement that says so. */
  readonly subject?: string;
}

/** The order in which kinds are told: from the server down to privileges. */
export const driftKinds: readonly StatementKind[] = [
  "server",
  "file",
  "certificate",
  "setting",
  "pg_hba",
  "role",
  "membership",
  "database",
  "extension",
  "schema",
  "migration",
  "owner",
  "privilege",
  "default privilege",
  "PUBLIC",
  "audit",
];

/** What a plan against the live server says of it: each statement is a difference, as is what nobody declared. */
export function driftOf(resource: string, plan: Plan): DriftItem[] {
  return [
    ...plan.statements.map((statement) => ({
      kind: statement.kind,
      resource,
      message: statement.reason,
      sql: statement.summary ?? shown(statement),
      risk: statement.risk,
    })),
    ...plan.refusals.map(({ subject, message, hint }) => ({
      kind: kindOf(subject),
      resource,
      subject,
      message: `${message}; ${hint}`,
    })),
    ...(plan.undeclared ?? []).map(({ kind, subject, message }) => ({ kind, resource, subject, message })),
  ];
}

/** A refusal names its subject by kind and name: `schema shop.app`. */
function kindOf(subject: string): StatementKind {
  return driftKinds.find((kind) => subject.startsWith(`${kind} `)) ?? "server";
}
