import type { CheckFailure } from "../../../../components/providers/contract";
import { asText } from "../shared/attribute";
import { hasUnknown, isUnknown, type PropertyMap } from "../../../../components/providers/properties";

/** What is wrong with a container's inputs although each one of them may be given. Pure. */
export function judgeTogether(inputs: PropertyMap): readonly CheckFailure[] {
  return [...runFailures(inputs), ...uploadFailures(inputs), ...limitFailures(inputs)];
}

function runFailures({ start, mustRun, wait, healthcheck }: PropertyMap): CheckFailure[] {
  const isStarted = start !== false;
  return [
    ...(isStarted || mustRun === false
      ? []
      : [
          {
            property: "mustRun",
            reason: "a container with `start` false does not run: set `mustRun` to false as well",
          },
        ]),
    ...(isStarted || wait !== true
      ? []
      : [
          { property: "wait", reason: "a container with `start` false never becomes healthy: remove `wait`" },
        ]),
    ...(wait === true && isTestless(healthcheck)
      ? [
          {
            property: "wait",
            reason: "`wait` waits for a healthcheck, and this one's is NONE: remove one of the two",
          },
        ]
      : []),
  ];
}

function isTestless(healthcheck: PropertyMap[string]): boolean {
  const tests = (healthcheck as { tests?: unknown } | null | undefined)?.tests;
  return Array.isArray(tests) && tests[0] === "NONE";
}

const contents = ["content", "contentBase64", "source"];

/** As the official plugin: an empty content is none. */
function uploadFailures({ uploads }: PropertyMap): CheckFailure[] {
  if (!Array.isArray(uploads)) return [];
  return (uploads as readonly PropertyMap[]).flatMap((upload, index) => {
    if (isUnknown(upload)) return [];
    const given = contents.filter((name) => (upload[name] ?? "") !== "");
    if (given.length === 1) return [];
    const reason = `an upload needs one of content, contentBase64 and source, which is not empty; this one has ${given.length === 0 ? "none" : given.join(" and ")}`;
    return [{ property: `uploads[${index}]`, reason }];
  });
}

function limitFailures({ ulimits, memory, memorySwap }: PropertyMap): CheckFailure[] {
  const pairs = Array.isArray(ulimits) ? (ulimits as readonly PropertyMap[]) : [];
  const failures = pairs.flatMap((limit, index) => {
    const { name, soft, hard } = limit;
    if (hasUnknown(limit) || Number(hard) === -1 || Number(soft) <= Number(hard)) return [];
    const reason = `the soft limit of ${asText(name)} is above its hard limit`;
    return [{ property: `ulimits[${index}]`, reason }];
  });
  const isTooLittle = Number(memorySwap ?? 0) > 0 && Number(memorySwap) < Number(memory ?? 0);
  const reason = "`memorySwap` counts memory and swap together: give at least `memory`, or -1 for no limit";
  return [...failures, ...(isTooLittle ? [{ property: "memorySwap", reason }] : [])];
}
