import { bornLibraries } from "../core/born-with";
import type { SettingValue } from "../core/server/role-settings";
import { newServerSettings } from "../core/settings/catalog";
import { planSettings, type DesiredSettingsOfServer } from "../core/settings/plan";
import { readSettingsCatalog } from "../io/catalog/settings";
import type { ControlPlace } from "../io/control";
import { unlessOwned } from "../io/owner-row";
import { serverControl } from "../io/server-control";
import { maintenanceDatabase, withSession } from "../io/session";
import { applySettings } from "../io/settings-apply";
import type { CheckFailure } from "./contract";
import { InputCheck } from "./inputs";
import { plannedResource, type Planned } from "./planned";
import { hasUnknown, revealMap, type PropertyMap } from "./properties";
import { readConnections } from "./server-connection";

/**
 * Keeps the settings of a server as declared, and postgresql.auto.conf free of others: it compares both with the live
 * server at every preview, writes, loads, and restarts where a setting takes no less. What it set stays when it goes: a
 * server must not change its memory because somebody stopped looking after it.
 */
export const settings = plannedResource({
  check: ({ newInputs }) => checkInputs(newInputs),
  read: (inputs, oldInputs) => ({ ...readConnections(inputs, oldInputs), ...settingsScope(inputs) }),
  compared: ["settings"],
  imported: (id) => (id === "settings" ? {} : undefined),
});

function checkInputs(inputs: PropertyMap): readonly CheckFailure[] {
  const check = new InputCheck(inputs)
    .known("connection", "settings", "reasons", "restart", "control", "keptBeside", "broughtFiles", "stack")
    .oneOf("restart", "allow", "refuse");
  for (const name of ["settings", "reasons"]) {
    if (hasUnknown(inputs[name])) continue;
    for (const [key, value] of Object.entries(mapOf(inputs, name))) {
      const isList = Array.isArray(value) && value.every((item) => typeof item === "string");
      if (typeof value === "string" || (isList && name === "settings")) continue;
      check.fail(`${name}.${key}`, "expected a text, as PostgreSQL writes the value, or a list of texts");
    }
  }
  const { kind, dataDirectory, container } = mapOf(inputs, "control");
  const isPlace =
    (kind === "embedded" && typeof dataDirectory === "string") ||
    (kind === "docker" && typeof container === "string");
  if (inputs.control !== undefined && !hasUnknown(inputs.control) && !isPlace) {
    check.fail("control", "expected the place of an embedded server, or of one in a container");
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
        return planSettings(desired, await readSettingsCatalog(maintenance, desired.settings, another));
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
