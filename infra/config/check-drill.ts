import type { Problem } from "../../components/core/problem";
import { at } from "./check-server";
import type { Fault } from "./names";
import { parseAge } from "./resolve-gate";
import { scheduleFault } from "./schedule-fault";
import type { WrittenConfig } from "./schema";
import { nearest, renderValue } from "./shape";

const place = ["backup", "drill"] as const;

type WrittenAssertion = NonNullable<WrittenConfig["backup"]["drill"]>["assertions"][number];

/**
 * What the types alone cannot tell about restore drills.
 *
 * @param databases names of those that are declared
 */
export function checkDrill({ backup }: WrittenConfig, databases: readonly string[]): Problem[] {
  const { drill, logical, physical } = backup;
  if (drill === undefined) return [];
  return [
    ...at(place, logical === undefined && physical === undefined ? nothingToDrill : undefined),
    ...at([...place, "schedule"], scheduleFault(drill.schedule, "0 4 * * 0")),
    ...at([...place, "copyMaxAge"], ageFault(drill.copyMaxAge)),
    ...drill.assertions.flatMap((assertion, index) =>
      checkAssertion([...place, "assertions", index], assertion, databases),
    ),
  ];
}

function ageFault(written: string): Fault | undefined {
  if ((parseAge(written) ?? 0) > 0) return undefined;
  const hint = "write a whole number and min, h or d, such as 90d";
  return { message: `${renderValue(written)} is no time`, hint };
}

const nothingToDrill: Fault = {
  message: "is declared, and no backups are",
  hint: "declare them: `pgstead:backup: { logical: {} }`, or remove it",
};

function checkAssertion(
  path: readonly (string | number)[],
  { sql, database }: WrittenAssertion,
  databases: readonly string[],
): Problem[] {
  const empty = { message: "is empty", hint: "write a query that gives one row, whose first column is true" };
  return [
    ...at([...path, "sql"], sql.trim() === "" ? empty : undefined),
    ...at([...path, "database"], databaseFault(database, databases)),
  ];
}

function databaseFault(database: string | undefined, databases: readonly string[]): Fault | undefined {
  if (database === undefined) {
    if (databases.length <= 1) return undefined;
    const example = `{ database: ${databases[0] ?? ""}, sql: … }`;
    return {
      message: "is missing: there are several databases",
      hint: `say which one, such as \`${example}\``,
    };
  }
  if (databases.includes(database)) return undefined;
  const meant = nearest(database, databases);
  return {
    message: `${renderValue(database)} is not declared`,
    hint: meant === undefined ? `known here: ${databases.join(", ")}` : `did you mean ${meant}?`,
  };
}
