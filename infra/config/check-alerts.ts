import { alertNames } from "../../components/core/monitoring/alerts";
import { nobody } from "../../components/core/monitoring/alertmanager";
import type { Problem } from "../../components/core/problem";
import { at } from "./check-server";
import { checkReceivers } from "./check-receivers";
import type { Fault } from "./names";
import { parseAge } from "./resolve-gate";
import type { WrittenConfig } from "./schema";
import { nearest, renderValue } from "./shape";

type Written = WrittenConfig["monitoring"];

/**
 * What the types alone cannot tell about alerts, and who is told of them.
 *
 * @param given the keys as they were written: what is not well-formed is told of elsewhere, and is not missing
 */
export function checkAlerts(config: WrittenConfig, given: unknown): Problem[] {
  const { enabled, receivers, alerts, grouping, repeat, runbookUrl } = config.monitoring;
  return [
    ...at(["monitoring", "receivers"], !enabled && receivers.length > 0 ? nobodySends : undefined),
    ...Object.entries(alerts).flatMap(([name, change]) => checkChange(name, change)),
    ...checkReceivers(config, given, nobody),
    ...at(["monitoring", "grouping", "wait"], timeFault(grouping.wait, 0)),
    ...at(["monitoring", "grouping", "interval"], timeFault(grouping.interval, 1)),
    ...Object.entries(repeat).flatMap(([severity, time]) =>
      at(["monitoring", "repeat", severity], timeFault(time, 1)),
    ),
    ...at(["monitoring", "runbookUrl"], urlFault(runbookUrl)),
  ];
}

const nobodySends: Fault = {
  message: "are declared, and pgstead:monitoring.enabled is false: nothing would send to them",
  hint: "remove one of the two",
};

function checkChange(name: string, { enabled, reason, ...change }: Written["alerts"][string]): Problem[] {
  const path = ["monitoring", "alerts", name];
  if (!alertNames.includes(name)) {
    const meant = nearest(name, alertNames);
    const hint =
      meant === undefined ? "infra/monitoring/runbooks/ has a file for each alert" : `did you mean ${meant}?`;
    return at(path, { message: "there is no alert of that name", hint });
  }
  return [
    ...at([...path, "for"], change.for === undefined ? undefined : timeFault(change.for, 0)),
    ...at(path, changeFault(name, { enabled, reason, ...change })),
  ];
}

function changeFault(name: string, change: Written["alerts"][string]): Fault | undefined {
  const { enabled, reason = "", severity } = change;
  if (!enabled && reason.trim() === "") {
    return {
      message: "is switched off without a reason",
      hint: "say why, such as `{ enabled: false, reason: the standby is behind on purpose }`",
    };
  }
  if (enabled && reason !== "") {
    return {
      message: "has a reason to be off, and is on",
      hint: "write `enabled: false`, or remove the reason",
    };
  }
  if (name === "Watchdog" && (severity !== undefined || change.for !== undefined)) {
    return {
      message: "is the sign of life: it always fires, and goes to receivers of severity watchdog alone",
      hint: "remove it, or switch it off",
    };
  }
  return undefined;
}

/** @param least seconds */
function timeFault(written: string, least: number): Fault | undefined {
  const seconds = written.endsWith("ms") ? undefined : parseAge(written);
  const hint = "write a whole number and s, min, h or d, such as 5min";
  if (seconds === undefined) return { message: `${renderValue(written)} is no time`, hint };
  return seconds < least ? { message: `${renderValue(written)} is less than ${least}s`, hint } : undefined;
}

function urlFault(written: string | undefined): Fault | undefined {
  if (written === undefined || (URL.canParse(written) && /^https?:/.test(written))) return undefined;
  return {
    message: `${renderValue(written)} is no URL`,
    hint: "write one that begins with https://, of the directory that has the files",
  };
}
