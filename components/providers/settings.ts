import { bornLibraries } from "../core/born-with";
import type { SettingValue } from "../core/server/role-settings";
import { newServerSettings } from "../core/settings/catalog";
import { isRestart, planSettings, type DesiredSettingsOfServer } from "../core/settings/plan";
import { ProblemError } from "../core/problem";
import type { Plan } from "../core/statement";
import { readSettingsCatalog } from "../io/catalog/settings";
import type { ControlPlace } from "../io/control";
import { unlessOwned } from "../io/owner-row";
import { serverControl } from "../io/server-control";
import { maintenanceDatabase, withSession, type Session } from "../io/session";
import { applySettings } from "../io/settings-apply";
import type { CheckFailure } from "./contract";
import { InputCheck } from "./inputs";
import { plannedResource, type Planned } from "./planned";
import { putBackSettings } from "./put-back";
import { hasUnknown, revealMap, type PropertyMap } from "./properties";
import { readConnections } from "./server-connection";

/**
 * Keeps the settings of a server as declared, and postgresql.auto.conf free of others: it compares both with the live
 * server at every preview, writes, loads, and restarts where a setting takes no less. What it set stays when it goes: a
 * server must not change its memory because somebody stopped looking after it. On one that somebody else made, the file
 * becomes what it was before.
 */
export const settings = plannedResource({
  check: ({ newInputs }) => checkInputs(newInputs),
  read: (inputs, oldInputs) => ({ ...readConnections(inputs, oldInputs), ...settingsScope(inputs) }),
  compared: ["settings"],
  imported: (id) => (id === "settings" ? {} : undefined),
  delete: putBackSettings,
});

function checkInputs(inputs: PropertyMap): readonly CheckFailure[] {
  const check = new InputCheck(inputs)
    .known(
      "connection",
      "settings",
      "reasons",
      "restart",
      "control",
      "keptBeside",
      "broughtFiles",
      "stack",
      "before",
    )
    .oneOf("restart", "allow", "refuse");
  for (const name of ["settings", "reasons"]) {
    if (hasUnknown(inputs[name])) continue;
    for (const [key, value] of Object.entries(mapOf(inputs, name))) {
      const isList = Array.isArray(value) && value.every((item) => typeof item === "string");
      if (typeof value === "string" || (isList && name === "settings")) continue;
      check.fail(`${name}.${key}`, "expected a text, as PostgreSQL writes the value, or a list of texts");
    }
  }
  const { kind, dataDirectory, container, host } = mapOf(inputs, "control");
  const isPlace =
    (kind === "embedded" && typeof dataDirectory === "string") ||
    (kind === "docker" && typeof container === "string") ||
    (kind === "host" && typeof host === "object");
  if (inputs.control !== undefined && !hasUnknown(inputs.control) && !isPlace) {
    check.fail(
      "control",
      "expected the place of an embedded server, of one in a container, or of one on a host",
    );
  }
  return check.failures;
}

function settingsScope(inputs: PropertyMap): Omit<Planned, "connections" | "isServerNew"> {
  const desired = desiredOf(inputs);
  const { control, stack } = revealMap(inputs) as {
    readonly control?: ControlPlace;
    readonly stack?: string;
  };
  return {
    id: "settings",
    plan: (maintenance, open) =>
      unlessOwned(maintenance, { stack, what: "postgresql.conf" }, async () => {
        const another = <Result>(use: Parameters<typeof open<Result>>[1]) =>
          open<Result>(maintenanceDatabase, use);
        const plan = planSettings(desired, await readSettingsCatalog(maintenance, desired.settings, another));
        return plan.statements.some(isRestart) ? refuseUnproven(plan, maintenance, control) : plan;
      }),
    planEmpty: () =>
      planSettings(desired, newServerSettings(desired.made === undefined ? [] : bornLibraries)),
    // Nothing is lost by settings that cannot be looked at.
    planUnread: () => ({ statements: [], refusals: [] }),
    mayRestart: true,
    act: async (plan, { connection }) =>
      applySettings(plan.statements, {
        // A session of its own each time: a restart ends all that there are.
        open: (use) => withSession(connection, {}, use),
        control: control === undefined ? undefined : await serverControl(control),
      }),
  };
}

/** Whether a server of a host can be restarted there is known before anything of the plan is done. */
async function refuseUnproven(
  plan: Plan,
  maintenance: Session,
  control: ControlPlace | undefined,
): Promise<Plan> {
  if (control?.kind !== "host") return plan;
  try {
    const { provenCluster } = await import("../io/host/server-control.js");
    await provenCluster(control, maintenance);
    return plan;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const refusals = error.problems.map(({ message, hint }) => ({ subject: error.title, message, hint }));
    return { ...plan, refusals: [...plan.refusals, ...refusals] };
  }
}

function desiredOf(inputs: PropertyMap): DesiredSettingsOfServer {
  const { kind } = mapOf(inputs, "control");
  return {
    settings: mapOf(inputs, "settings") as Readonly<Record<string, SettingValue>>,
    reasons: mapOf(inputs, "reasons") as Readonly<Record<string, string>>,
    restart: inputs.restart === "allow" ? "allow" : "refuse",
    canRestart: inputs.control !== undefined,
    made: kind === "embedded" || kind === "docker" ? kind : undefined,
    keptBeside: (revealMap(inputs).keptBeside ?? []) as readonly string[],
    broughtFiles: (revealMap(inputs).broughtFiles ?? []) as readonly string[],
  };
}

function mapOf(inputs: PropertyMap, name: string): PropertyMap {
  return (revealMap(inputs)[name] ?? {}) as PropertyMap;
}
