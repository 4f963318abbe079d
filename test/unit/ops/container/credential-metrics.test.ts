import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { measureCredentials } from "../../../../infra/ops/container/credential-metrics";

test("the age of each password is that of the moment when it is asked for", async () => {
  const registry = new Registry();
  let now = Date.parse("2026-01-01T00:01:00Z");
  const clock = { now: () => now, after: () => () => undefined };
  const credentials = [
    { role: "postgres", changedAt: "2026-01-01T00:00:00Z" },
    { role: "shop_app", changedAt: "2026-01-01T00:00:30Z" },
  ];
  measureCredentials({ credentials }, clock, [registry]);
  const samples = async () =>
    (await registry.metrics())
      .split("\n")
      .filter((line) => line.startsWith("pgstead_credential_age_seconds{"));
  expect(await samples()).toEqual([
    'pgstead_credential_age_seconds{role="postgres"} 60',
    'pgstead_credential_age_seconds{role="shop_app"} 30',
  ]);
  now += 1_000;
  expect((await samples())[0]).toContain("} 61");
});

test("a context of before has none", async () => {
  const registry = new Registry();
  measureCredentials({}, { now: () => 0, after: () => () => undefined }, [registry]);
  expect(await registry.metrics()).not.toMatch(/^pgstead_credential_age_seconds\b/m);
});
