import {
  thresholdDefinitions,
  type ThresholdName,
  type ThresholdUnit,
} from "../../components/core/monitoring/thresholds";
import { renderMemory } from "../../components/core/settings/value";
import { greatestInteger, integer, map, text } from "./schema-words";

/** From the greatest, in seconds. */
const times = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/** `thresholds` of `pgstead:monitoring`: a key for each, as its definition says. */
export const thresholds = map(
  Object.fromEntries(
    Object.entries(thresholdDefinitions).map(([name, definition]) => [name, threshold(definition)]),
  ) as Record<ThresholdName, ReturnType<typeof threshold>>,
  {
    description:
      "From where on the commands of `ops`, the health service and the alerts tell of something. A change reloads what watches.",
    example: "{ connectionsWarning: 70, idleInTransaction: 5min }",
  },
).prefault({});

function threshold({
  unit,
  value,
  description,
}: {
  readonly unit: ThresholdUnit;
  readonly value: number;
  readonly description: string;
}) {
  const defaultText = `\`${renderThreshold(unit, value)}\``;
  if (unit === "percent") {
    return integer(0, 100, {
      description: `${description} Percent.`,
      example: String(value),
      defaultText,
    }).optional();
  }
  if (unit === "count") {
    return integer(1, greatestInteger, { description, example: String(value), defaultText }).optional();
  }
  const allowed = unit === "seconds" ? "a time such as 10min or 14d" : "a size such as 100MB";
  return text(allowed, { description, example: renderThreshold(unit, value), defaultText }).optional();
}

/** As the configuration has it: `10min`, `100MB`, `80`. */
function renderThreshold(unit: ThresholdUnit, value: number): string {
  if (unit === "bytes") return renderMemory(value / 1024);
  if (unit !== "seconds") return String(value);
  const [name, length] = times.find(([, seconds]) => value % seconds === 0) ?? ["s", 1];
  return `${value / length}${name}`;
}
