import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newServerSettings } from "../../../../components/core/settings/catalog";
import { parseMemory, parseSettingValue } from "../../../../components/core/settings/value";
import { resolveTuning } from "../../../../components/core/tuning/tuning";
import type { Machine, TuningOptions } from "../../../../components/core/tuning/machine";
import { fitBudget, worstCase, type Terms } from "../../../../components/core/tuning/budget";
import { deriveTerms } from "../../../../components/core/tuning/formulas";

const nothing: TuningOptions = { own: {}, ownNames: new Set(), libraries: [], logFiles: false };

const kB = (size: string): number => parseMemory(size) ?? Number.NaN;

const anyMachine: fc.Arbitrary<Machine> = fc.record(
  {
    // As many small machines as large ones.
    memory: fc.oneof(
      fc.integer({ min: kB("512MB"), max: kB("4GB") }),
      fc.integer({ min: kB("512MB"), max: kB("4TB") }),
    ),
    cpus: fc.integer({ min: 1, max: 256 }),
    disk: fc.constantFrom("ssd", "hdd", "san", "nvme"),
    workload: fc.constantFrom("web", "oltp", "dw", "desktop", "mixed"),
  },
  { requiredKeys: ["memory", "disk", "workload"] },
);

describe("for any machine from 512MB to 4TB", () => {
  test("the worst case of memory is within 90% of it", () => {
    fc.assert(
      fc.property(anyMachine, (of) => {
        const { terms } = fitBudget(of.memory, deriveTerms(of, {}), {});
        expect(worstCase(terms)).toBeLessThanOrEqual(of.memory * 0.9);
        expect(resolveTuning(of, nothing).overBudget).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });

  test("values are lowered and never raised, work_mem to no less than 1MB, connections to no less than 20", () => {
    fc.assert(
      fc.property(anyMachine, (of) => {
        const formula = deriveTerms(of, {});
        const { terms, reasons } = fitBudget(of.memory, formula, {});
        expect(terms.work_mem).toBeLessThanOrEqual(formula.work_mem);
        expect(terms.work_mem).toBeGreaterThanOrEqual(1024);
        expect(terms.max_connections).toBeLessThanOrEqual(formula.max_connections);
        expect(terms.max_connections).toBeGreaterThanOrEqual(20);
        // Connections give way once work_mem has nothing left to give.
        if (reasons.has("max_connections")) expect(terms.work_mem).toBe(1024);
      }),
      { numRuns: 1_000 },
    );
  });

  test("every value is one that PostgreSQL takes", () => {
    const live = new Map(newServerSettings([]).settings.map((type) => [type.name, type]));
    fc.assert(
      fc.property(anyMachine, (of) => {
        for (const { name, value } of resolveTuning(of, nothing).settings) {
          const type = live.get(name);
          if (type !== undefined && name !== "wal_compression") {
            expect(parseSettingValue(type, value), name).toHaveProperty("value");
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test("what the user sets stays, and is over the budget only where it is told", () => {
    const own = fc.record<Partial<Terms>>(
      {
        max_connections: fc.integer({ min: 1, max: 10_000 }),
        shared_buffers: fc.integer({ min: 128, max: kB("1TB") }),
        work_mem: fc.integer({ min: 64, max: kB("1GB") }),
        hash_mem_multiplier: fc.integer({ min: 1, max: 100 }),
        autovacuum_work_mem: fc.integer({ min: -1, max: kB("8GB") }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(anyMachine, own, (of, mine) => {
        const { terms } = fitBudget(of.memory, deriveTerms(of, mine), mine);
        expect(terms).toMatchObject(mine);
        const { overBudget } = resolveTuning(of, { ...nothing, own: mine });
        expect(overBudget !== undefined).toBe(worstCase(terms) > Math.floor(of.memory * 0.9));
      }),
      { numRuns: 1_000 },
    );
  });
});
