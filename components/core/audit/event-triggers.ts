import { quoteIdentifier } from "../identifier";
import type { Statement, Undeclared } from "../statement";
import { functionName } from "./functions";
import type { AuditCatalog, AuditDeclaration } from "./model";

interface DesiredEventTrigger {
  readonly name: string;
  readonly event: "ddl_command_start" | "ddl_command_end" | "sql_drop";
  readonly schema: string;
  readonly function: string;
  readonly reason: string;
}

/** They run in the order of their names. */
const eventTriggers: readonly DesiredEventTrigger[] = [
  ...(["ddl_command_end", "sql_drop"] as const).map((event) => ({
    name: event === "sql_drop" ? "pgstead_audit_ddl_drop" : "pgstead_audit_ddl",
    event,
    schema: "audit",
    function: "record_ddl",
    reason: "changes of the schema are recorded",
  })),
  ...(["ddl_command_end", "sql_drop"] as const).map((event) => ({
    name: event === "sql_drop" ? "pgstead_audit_guard_drop" : "pgstead_audit_guard",
    event,
    schema: "pgstead",
    function: "audit_guard",
    reason:
      event === "sql_drop"
        ? "the triggers are dropped with their table only"
        : "what is made is audited from its first row, and nobody turns that off",
  })),
  {
    name: "pgstead_audit_guard_start",
    event: "ddl_command_start",
    schema: "pgstead",
    function: "audit_guard_start",
    reason: "DETACH PARTITION … CONCURRENTLY is refused before it does half of it",
  },
];

/** The statements that make the event triggers what they are to be; only a superuser can. */
export function planEventTriggers({ ddl }: AuditDeclaration, catalog: AuditCatalog): Statement[] {
  const wanted = eventTriggers.filter((one) => ddl || one.function !== "record_ddl");
  const extra = catalog.eventTriggers.filter(({ name }) => !wanted.some((one) => one.name === name));
  return [
    ...extra.map(({ name }) => dropEventTrigger(name, "changes of the schema are not recorded any more")),
    ...wanted.flatMap((desired) => planOne(desired, catalog)),
  ];
}

/** The statements that take them away again. */
export function removeEventTriggers({ eventTriggers: found }: AuditCatalog): Statement[] {
  return found.map(({ name }) => dropEventTrigger(name, "nothing is audited any more"));
}

function dropEventTrigger(name: string, reason: string): Statement {
  return { sql: `DROP EVENT TRIGGER ${quoteIdentifier(name)}`, reason, risk: "none", kind: "audit" };
}

function planOne(desired: DesiredEventTrigger, { eventTriggers: actual }: AuditCatalog): Statement[] {
  const name = quoteIdentifier(desired.name);
  const found = actual.find((one) => one.name === desired.name);
  const runs = `${desired.schema}.${desired.function}`;
  const isRight = found?.event === desired.event && found.function === runs && !found.narrowed;
  const enable: Statement = {
    sql: `ALTER EVENT TRIGGER ${name} ENABLE ALWAYS`,
    reason: isRight ? "it does not always fire" : "also on a replica and in a restore",
    risk: "none",
    kind: "audit",
  };
  if (isRight) return found.enabled === "A" ? [] : [enable];
  return [
    ...(found === undefined ? [] : [dropEventTrigger(desired.name, "it is another one")]),
    {
      sql: `CREATE EVENT TRIGGER ${name} ON ${desired.event} EXECUTE FUNCTION ${functionName({ schema: desired.schema, name: desired.function })}()`,
      reason: desired.reason,
      risk: "none",
      kind: "audit",
    },
    enable,
  ];
}

/** What goes without where the managing login is no superuser. */
export function tellWithout({ ddl }: AuditDeclaration): Undeclared[] {
  const line = (subject: string, message: string): Undeclared => ({
    kind: "audit",
    subject,
    message,
    beyond: true,
  });
  return [
    line("tables made later", "without event triggers, which take a superuser, the next `up` audits them"),
    line(
      "triggers",
      "a table's owner can disable or drop them, which takes a superuser to prevent: the next preview shows it",
    ),
    ...(ddl ? [line("changes of the schema", "they are not recorded: that takes a superuser")] : []),
  ];
}
