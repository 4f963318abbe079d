import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { SlowFirst } from "./test/support/slow-first.mjs";

const cores = availableParallelism();

/** A test waits for its server, its engine or a process more than it computes: with one less, cores are idle. */
const waiting = cores + 2;

/** What a tier needs is said in test/support/run-tests.ts, which runs them one after the other. */
const tiers = [
  {
    name: "unit",
    include: ["test/unit/**/*.test.ts", "test/architecture.test.ts"],
    testTimeout: 30_000,
    maxWorkers: cores,
  },
  { name: "component", include: ["test/component/**/*.test.ts"], testTimeout: 30_000, maxWorkers: cores },
  {
    name: "integration",
    include: ["test/integration/**/*.test.ts"],
    testTimeout: 120_000,
    maxWorkers: waiting,
  },
  // Each test is several processes of its own: engine, language host, providers, server.
  { name: "e2e", include: ["test/e2e/**/*.test.ts"], testTimeout: 600_000, maxWorkers: 2 },
  // Real containers; needs a Docker engine.
  { name: "docker", include: ["test/docker/**/*.test.ts"], testTimeout: 600_000, maxWorkers: waiting },
];

export default defineConfig({
  test: {
    // What the bundler defines for the programs: where the project is.
    env: { PGSTEAD_PROJECT: import.meta.dirname },
    sequence: { sequencer: SlowFirst },
    projects: tiers.map((tier, groupOrder) => ({
      extends: true,
      test: { ...tier, hookTimeout: tier.testTimeout, pool: "forks", sequence: { groupOrder } },
    })),
  },
});
