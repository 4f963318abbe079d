import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { alertNames, alertRules, resolveAlerts } from "../../../../components/core/monitoring/alerts";
import { renderAlerts } from "../../../../components/core/monitoring/prometheus";
import { defaultThresholds } from "../../../../components/core/monitoring/thresholds";
import { opsJobs } from "../../../../components/core/ops-context";
import { configSchema } from "../../../../infra/config/schema";
import { commands } from "../../../../infra/ops/commands";
import { alertProofs } from "../../../support/alert-proofs";

const rules = alertRules();

describe("every alert", () => {
  test("has a name of its own", () => {
    expect(new Set(alertNames).size).toBe(alertNames.length);
  });

  test("has samples for which it fires, with its value, and samples for which it does not", () => {
    expect(Object.keys(alertProofs).toSorted()).toEqual(alertNames.toSorted());
    for (const [name, { fires, quiet, severity }] of Object.entries(alertProofs)) {
      expect(Object.keys(fires.told ?? {}).length, name).toBeGreaterThan(0);
      if (severity !== "watchdog") expect(quiet.told, name).toBeUndefined();
    }
  });

  test("has a summary of one line with the value", () => {
    for (const { alert, summary } of rules) {
      expect(summary, alert).toMatch(/\{\{ \$value\b/);
      expect(summary, alert).not.toContain("\n");
    }
  });

  test("is silenced by alerts that there are, that weigh no less, and never by itself or in a circle", () => {
    const bySilenced = new Map(rules.map(({ alert, silencedBy = [] }) => [alert, silencedBy]));
    const weights = ["critical", "warning", "info", "watchdog"];
    const severityOf = new Map(rules.map(({ alert, severity }) => [alert, weights.indexOf(severity)]));
    const reach = (alert: string, seen: readonly string[]): void => {
      for (const { alert: by } of bySilenced.get(alert) ?? []) {
        expect(seen, `${alert} by ${by}`).not.toContain(by);
        reach(by, [...seen, by]);
      }
    };
    for (const [alert, silencers] of bySilenced) {
      for (const { alert: by } of silencers) {
        expect(alertNames).toContain(by);
        expect(severityOf.get(by), `${alert} by ${by}`).toBeLessThanOrEqual(severityOf.get(alert)!);
      }
      reach(alert, [alert]);
    }
  });
});

describe("a stack", () => {
  const rulesOf = (text: string) =>
    (
      JSON.parse(text) as {
        groups: { rules: { alert: string; expr: string; for: string; labels: unknown }[] }[];
      }
    ).groups.flatMap((group) => group.rules);
  const plan = { thresholds: defaultThresholds, alerts: {}, runbooks: "runbooks/" };

  test("has its own limits in the rules", () => {
    const thresholds = { ...defaultThresholds, connectionsCritical: 70, lockWait: 5, credential: 864_000 };
    const found = new Map(rulesOf(renderAlerts({ ...plan, thresholds })).map((rule) => [rule.alert, rule]));
    expect(found.get("ConnectionsExhausted")?.expr).toMatch(/ >= 70$/);
    expect(found.get("LocksWaiting")?.for).toBe("5s");
    expect(found.get("CredentialOld")?.expr).toMatch(/ > 864000$/);
  });

  test("uses every limit of an alert: a change of it changes a rule", () => {
    const usual = renderAlerts(plan);
    // Not measured: they are what commands alone judge by.
    const commandsOnly = ["bloatShare", "bloatBytes", "unusedIndexBytes", "unusedIndexAge", "slowQuery"];
    const unused = Object.entries(defaultThresholds).filter(
      ([name, value]) =>
        renderAlerts({ ...plan, thresholds: { ...defaultThresholds, [name]: value + 1 } }) === usual,
    );
    expect(unused.map(([name]) => name)).toEqual(commandsOnly);
  });

  test("changes time and severity of an alert, and switches one off, with what it silenced", () => {
    const changes = {
      SlotInactive: { for: "3600s", severity: "info" },
      CacheHitLow: { off: "it reads once" },
    } as const;
    const found = rulesOf(renderAlerts({ ...plan, alerts: changes }));
    expect(found.find(({ alert }) => alert === "SlotInactive")).toMatchObject({
      for: "3600s",
      labels: { severity: "info" },
    });
    expect(found.map(({ alert }) => alert)).toEqual(alertNames.filter((name) => name !== "CacheHitLow"));
    const groups = resolveAlerts(
      defaultThresholds,
      Object.fromEntries(alertNames.map((name) => [name, { off: "all of them" }])),
    );
    expect(groups).toEqual([]);
  });
});

describe("every runbook", () => {
  const project = resolve(__dirname, "../../../..");
  const directory = join(project, "infra/monitoring/runbooks");
  const files = readdirSync(directory);

  test("is an alert's, and every alert has one", () => {
    expect(files.toSorted()).toEqual(alertNames.map((name) => `${name}.md`).toSorted());
  });

  test("says what it means, how to see it, what to do, and when to wake somebody, and is short", () => {
    for (const file of files) {
      const text = readFileSync(join(directory, file), "utf8");
      const headings = [...text.matchAll(/^(#+) (.*)$/gm)].map(
        ([, level = "", title = ""]) => `${level} ${title}`,
      );
      expect(headings, file).toEqual([
        `# ${file.replace(".md", "")}`,
        "## What it means",
        "## How to see it",
        "## What to do",
        "## When to wake somebody",
      ]);
      expect(text.split("\n").length, file).toBeLessThan(60);
    }
  });

  test("links to what there is", () => {
    for (const file of files) {
      const text = readFileSync(join(directory, file), "utf8");
      for (const [, target = ""] of text.matchAll(/\]\(([^)]+)\)/g)) {
        const [path = "", heading] = target.split("#");
        const place = join(directory, path);
        expect(existsSync(place), `${file}: ${target}`).toBe(true);
        if (heading === undefined) continue;
        const headings = [...readFileSync(place, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
          title
            .toLowerCase()
            .replace(/[^\p{L}\p{N} _-]/gu, "")
            .replaceAll(" ", "-"),
        );
        expect(headings, `${file}: ${target}`).toContain(heading);
      }
    }
  });

  test("names commands, jobs, thresholds and keys that there are", () => {
    const known = new Set(commands.map(({ name }) => name));
    const inContainer = new Set(opsJobs.map((job) => `run ${job}`)).add("schedule").add("run <job>");
    const limits = new Set<string>(Object.keys(defaultThresholds));
    for (const file of files) {
      const text = readFileSync(join(directory, file), "utf8");
      for (const [, words = ""] of text.matchAll(/npm run ops -- ([a-z]+(?:-[a-z]+)*(?: [a-z]+)?)/g)) {
        const isKnown = known.has(words) || known.has(words.split(" ")[0] ?? "");
        expect(isKnown, `${file}: ${words}`).toBe(true);
      }
      for (const [, words = ""] of text.matchAll(/ops\.cjs (run [a-z0-9<>-]+|\w+)/g)) {
        expect(inContainer, `${file}: ${words}`).toContain(words);
      }
      for (const [, name = ""] of text.matchAll(
        /(?:than|of|within|below|Fewer than|last|longer than) `([a-z]+[A-Z]\w+)`/g,
      )) {
        expect(limits, `${file}: ${name}`).toContain(name);
      }
      for (const [, key = ""] of text.matchAll(/`pgstead:(\w+)/g)) {
        expect(Object.keys(configSchema.shape), `${file}: ${key}`).toContain(key);
      }
    }
  });
});
