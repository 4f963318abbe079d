import { parseTime } from "../../components/core/duration";
import {
  defaultThresholds,
  thresholdDefinitions,
  type ThresholdName,
  type Thresholds,
} from "../../components/core/monitoring/thresholds";
import type { Problem } from "../../components/core/problem";
import { parseMemory } from "../../components/core/settings/value";
import { at } from "./check-server";
import type { Fault } from "./names";
import { parseAge } from "./resolve-gate";
import type { WrittenConfig } from "./schema";
import { renderValue } from "./shape";

const names = Object.keys(thresholdDefinitions) as ThresholdName[];

/** All thresholds: the written ones, and the defaults of the others. What is not well-formed has been told of already. */
export function resolveThresholds({ monitoring }: Pick<WrittenConfig, "monitoring">): Thresholds {
  const written = names.map((name) => [
    name,
    read(name, monitoring.thresholds[name]) ?? defaultThresholds[name],
  ]);
  return Object.fromEntries(written) as Record<ThresholdName, number>;
}

/** What the types alone cannot tell about thresholds. */
export function checkThresholds(config: Pick<WrittenConfig, "monitoring">): Problem[] {
  const { thresholds } = config.monitoring;
  const path = (name: string) => ["monitoring", "thresholds", name];
  const values = names.flatMap((name) => {
    const written = thresholds[name];
    return written === undefined ? [] : at(path(name), valueFault(name, written));
  });
  return values.length > 0
    ? values
    : pairs.flatMap((pair) => checkPair(pair, resolveThresholds(config), path));
}

function read(name: ThresholdName, written: number | string | undefined): number | undefined {
  if (typeof written !== "string") return written;
  if (thresholdDefinitions[name].unit === "seconds") {
    // A statement may be slow after milliseconds.
    const ms = parseTime(written);
    return ms === undefined ? parseAge(written) : ms / 1_000;
  }
  const kilobytes = parseMemory(written);
  return kilobytes === undefined ? undefined : kilobytes * 1024;
}

function valueFault(name: ThresholdName, written: number | string): Fault | undefined {
  if ((read(name, written) ?? 0) > 0 || typeof written === "number") return undefined;
  const isTime = thresholdDefinitions[name].unit === "seconds";
  return {
    message: `${renderValue(written)} is no ${isTime ? "time" : "size"}`,
    hint: isTime
      ? "write a whole number and ms, s, min, h or d, such as 10min"
      : "write a number and kB, MB, GB or TB, such as 100MB",
  };
}

/** The first of each is reached before the second: a warning that comes after its alarm helps nobody. */
const pairs = [
  { first: "connectionsWarning", second: "connectionsCritical", falls: false },
  { first: "wraparoundWarning", second: "wraparoundCritical", falls: false },
  { first: "diskWarning", second: "diskCritical", falls: true },
] as const;

function checkPair(
  { first, second, falls }: (typeof pairs)[number],
  thresholds: Thresholds,
  path: (name: string) => string[],
): Problem[] {
  const isRight = falls ? thresholds[first] > thresholds[second] : thresholds[first] < thresholds[second];
  if (isRight) return [];
  const message = `${thresholds[first]} is ${falls ? "not above" : "not below"} ${second}, which is ${thresholds[second]}`;
  return at(path(first), {
    message,
    hint: "a warning has to come before what is critical: change one of the two",
  });
}
