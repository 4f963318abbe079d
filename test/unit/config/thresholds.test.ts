import { describe, expect, test } from "vitest";
import { defaultThresholds } from "../../../components/core/monitoring/thresholds";
import { parseConfig } from "../../../infra/config";
import { good, testCases } from "./bad-configuration";

const thresholds = (written: unknown): Record<string, unknown> => ({
  "pgstead:monitoring": { thresholds: written },
});

describe("thresholds", () => {
  test("have a default each, on every target", () => {
    expect(parseConfig(good, { stack: "dev" }).thresholds).toEqual(defaultThresholds);
  });

  test("are seconds and bytes, however they are written", () => {
    const written = { connectionsWarning: 70, lockWait: "5min", certificate: "30d", bloatBytes: "1GB" };
    expect(parseConfig({ ...good, ...thresholds(written) }, { stack: "dev" }).thresholds).toEqual({
      ...defaultThresholds,
      connectionsWarning: 70,
      lockWait: 300,
      certificate: 30 * 86_400,
      bloatBytes: 1024 ** 3,
    });
  });

  testCases([
    {
      what: "all that is no time, size or percentage is told at once",
      change: thresholds({ lockWait: "soon", bloatBytes: "much", cacheHit: 101, transaction: "0s" }),
      says: [
        "pgstead:monitoring.thresholds.cacheHit: 101 is not a whole number from 0 to 100 / write it such as `cacheHit: 90`",
        'pgstead:monitoring.thresholds.transaction: "0s" is no time / write a whole number and ms, s, min, h or d, such as 10min',
        'pgstead:monitoring.thresholds.lockWait: "soon" is no time / write a whole number and ms, s, min, h or d, such as 10min',
        'pgstead:monitoring.thresholds.bloatBytes: "much" is no size / write a number and kB, MB, GB or TB, such as 100MB',
      ],
    },
    {
      what: "a warning after its alarm",
      change: thresholds({ connectionsWarning: 97, diskCritical: 20 }),
      says: [
        "pgstead:monitoring.thresholds.connectionsWarning: 97 is not below connectionsCritical, which is 95 / a warning has to come before what is critical: change one of the two",
        "pgstead:monitoring.thresholds.diskWarning: 15 is not above diskCritical, which is 20 / a warning has to come before what is critical: change one of the two",
      ],
    },
    {
      what: "one that there is not",
      change: thresholds({ conectionsWarning: 70 }),
      says: [
        "pgstead:monitoring.thresholds.conectionsWarning: is not a known key / did you mean connectionsWarning?",
      ],
    },
    {
      what: "containers of another target",
      change: { "pgstead:monitoring": { prometheusPort: 9090 } },
      says: [
        "pgstead:monitoring.prometheusPort: belongs to target docker / remove it, or set pgstead:target to docker",
      ],
    },
  ]);
});
