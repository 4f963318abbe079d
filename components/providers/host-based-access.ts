import { resolveTls, type ConnectionTarget } from "../core/connection";
import { checkRule, completeRules } from "../core/hba/check";
import type { HbaDatabase } from "../core/hba/defaults";
import { planHba, planObstacle, type ActualHba, type DesiredHba } from "../core/hba/plan";
import { type HbaRule, ruleKey } from "../core/hba/rule";
import { applyHba } from "../io/hba/apply";
import { unlessOwned } from "../io/owner-row";
import { readHba, type FoundHba } from "../io/hba/read";
import type { Session } from "../io/session";
import type { CheckFailure } from "./contract";
import { InputCheck } from "./inputs";
import { plannedResource, type Planned } from "./planned";
import { putBackHba } from "./put-back";
import { hasUnknown, revealMap, type PropertyMap } from "./properties";
import { readConnections } from "./server-connection";

/**
 * Keeps pg_hba.conf as declared: it compares the rules of the file with the declared ones at every preview, and writes,
 * loads and proves them. The file stays as it is when the resource goes: a rule that rejects never vanishes by itself. On a
 * server that somebody else made, it becomes what it was before.
 */
export const hostBasedAccess = plannedResource({
  check: ({ newInputs }) => checkInputs(newInputs),
  read: (inputs, oldInputs) => ({ ...readConnections(inputs, oldInputs), ...hbaScope(inputs, oldInputs) }),
  compared: ["rules"],
  delete: putBackHba,
});

function checkInputs(inputs: PropertyMap): readonly CheckFailure[] {
  const check = new InputCheck(inputs)
    .known("connection", "rules", "logins", "rollbackSeconds", "stack", "before")
    .list("rules")
    .list("logins")
    .integer("rollbackSeconds", 1, 600);
  if (hasUnknown(inputs.rules) || !Array.isArray(inputs.rules)) return check.failures;
  const { rules } = revealMap(inputs) as unknown as Pick<DesiredHba, "rules">;
  for (const [index, rule] of rules.entries()) {
    for (const { path, message, hint } of checkRule(rule)) {
      check.fail(`rules[${index}].${path}`, `${message}; ${hint}`);
    }
  }
  // Fail closed: a list that was cut short must not leave the end to PostgreSQL's own, silent refusal.
  const keys = (list: readonly HbaRule[]): string => list.map(ruleKey).join("\n");
  if (keys(completeRules(rules)) !== keys(rules)) {
    check.fail("rules", "it does not end with the rules that reject everybody else");
  }
  return check.failures;
}

/** @param oldInputs what the last run declared; undefined for a new resource */
function hbaScope(
  inputs: PropertyMap,
  oldInputs: PropertyMap | undefined,
): Omit<Planned, "connections" | "isServerNew"> {
  const desired = desiredOf(inputs);
  const before = oldInputs === undefined ? undefined : desiredOf(oldInputs);
  const { rollbackSeconds, stack } = inputs as { readonly rollbackSeconds: number; readonly stack?: string };
  return {
    id: "pg_hba.conf",
    plan: (maintenance) =>
      unlessOwned(maintenance, { stack, what: "pg_hba.conf" }, async () => {
        const found = await readHba(maintenance, desired.managing);
        if ("obstacle" in found) return planObstacle(found.obstacle, found.user);
        return planHba(desired, before, found);
      }),
    planEmpty: () => planHba(desired, before, newServer(inputs)),
    // Nothing is lost by a file that cannot be looked at.
    planUnread: () => ({ statements: [], refusals: [] }),
    async act(_plan, { maintenance, connection }) {
      const found = await readWritable(maintenance, desired.managing);
      await applyHba({ maintenance, target: connection, rules: desired.rules, found, rollbackSeconds });
    },
  };
}

async function readWritable(maintenance: Session, managing: string): Promise<FoundHba> {
  const found = await readHba(maintenance, managing);
  if ("obstacle" in found) throw new Error("what cannot be read is not planned to be written");
  return found;
}

/** A server that this run makes: where it can be reached before anybody has written rules is loopback. */
function newServer(inputs: PropertyMap): ActualHba {
  const { host, tls } = (revealMap(inputs).connection ?? {}) as unknown as Pick<
    ConnectionTarget,
    "host" | "tls"
  >;
  const ssl = resolveTls({ host, ...(tls === undefined ? {} : { tls }) }).mode !== "disable";
  return {
    content: "",
    faults: [],
    isLoaded: true,
    isUnproven: false,
    origin: { address: "127.0.0.1", ssl },
    groups: {},
  };
}

function desiredOf(inputs: PropertyMap): DesiredHba {
  const { rules, logins, connection } = revealMap(inputs) as unknown as {
    readonly rules: readonly HbaRule[];
    readonly logins: readonly HbaDatabase[];
    readonly connection: { readonly user: string };
  };
  return { rules, logins, managing: connection.user };
}
