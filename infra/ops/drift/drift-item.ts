import type { FindingClass } from "../../../components/core/migrations/gate/rules";
import { schemaKinds, type SchemaKind } from "../../../components/core/schema/snapshot";
import { shown, type Plan, type Risk, type StatementKind } from "../../../components/core/statement";

/** One thing on the server that is not as declared. */
export interface DriftItem {
  readonly kind: DriftKind;
  /** Name of the own resource that would mend it, such as `Access promptforge`. */
  readonly resource: string;
  /** What is the matter, such as `the server has owner postgres`. */
  readonly message: string;
  /** The statement that mends it; absent where nobody declared it, and it is left alone. */
  readonly sql?: string;
  readonly risk?: Risk;
  /** What it is, where there is no statement that says so. */
  readonly subject?: string;
  /** Of a schema object, which a migration changes and no `up`: the statements that would mend it, for a person. */
  readonly mend?: readonly DriftMend[];
}

export interface DriftMend {
  readonly sql: string;
  /** What it costs, in the words of `migrate lint`. */
  readonly class: FindingClass | "safe";
  /** Among all that mend this database: what others stand on goes first. */
  readonly place: number;
}

/** What differs: what a stack declares, or what migrations make. */
export type DriftKind = StatementKind | SchemaKind;

/** The order in which kinds are told: from the server down to privileges, then what is inside of schemas. */
export const driftKinds: readonly DriftKind[] = [
  ...new Set<DriftKind>([
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
    ...schemaKinds,
  ]),
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
      kind: kindOf(subject, resource),
      resource,
      subject,
      message: `${message}; ${hint}`,
    })),
    ...(plan.undeclared ?? [])
      .filter(({ beyond }) => beyond !== true)
      .map(({ kind, subject, message }) => ({ kind, resource, subject, message })),
  ];
}

/** What a plan tells and the managing login could not change: no difference, as it would be one for ever. */
export function remarksOf({ undeclared = [] }: Plan): { subject: string; message: string }[] {
  return undeclared
    .filter(({ beyond }) => beyond === true)
    .map(({ subject, message }) => ({ subject, message }));
}

/** A refusal names its subject by kind and name, `schema promptforge.app`, or by its file. */
function kindOf(subject: string, resource: string): DriftKind {
  const otherwise = resource.startsWith("Migrations ") ? "migration" : "server";
  return driftKinds.find((kind) => subject.startsWith(`${kind} `)) ?? otherwise;
}
