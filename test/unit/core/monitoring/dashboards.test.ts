import { existsSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import { buildGenerator, programFromConfig, type Definition } from "typescript-json-schema";
import { describe, expect, test } from "vitest";
import { alertRules } from "../../../../components/core/monitoring/alerts";
import { resolveDashboards } from "../../../../components/core/monitoring/dashboards";
import { renderDashboard } from "../../../../components/core/monitoring/grafana/dashboard-json";
import { placePanels } from "../../../../components/core/monitoring/grafana/layout";
import { grafanaUnits, renderSteps } from "../../../../components/core/monitoring/grafana/panel-json";
import {
  grafanaEnvironment,
  renderDashboardFiles,
  renderDashboardProvider,
  renderDatasource,
} from "../../../../components/core/monitoring/grafana/provisioning";
import { defaultThresholds } from "../../../../components/core/monitoring/thresholds";
import { commands } from "../../../../infra/ops/commands";

const dashboards = resolveDashboards(defaultThresholds);
const panels = dashboards.flatMap((dashboard) => dashboard.panels.map((panel) => ({ dashboard, panel })));

describe("every dashboard", () => {
  test("has an address that stays, a title and one question", () => {
    // Somebody has links to them.
    expect(dashboards.map(({ uid }) => uid)).toEqual([
      "pgstead-overview",
      "pgstead-queries",
      "pgstead-tables",
      "pgstead-replication",
      "pgstead-backups",
    ]);
    for (const { title, question } of dashboards) {
      expect(title).toMatch(/^pgstead: /);
      expect(question).toMatch(/^[^?]+\?$/);
    }
  });

  test("has panels with names of their own, a unit, and a description that says what to do", () => {
    for (const { uid, panels: own } of dashboards) {
      expect(new Set(own.map(({ title }) => title)).size, uid).toBe(own.length);
    }
    for (const { panel } of panels) {
      expect(Object.keys(grafanaUnits), panel.title).toContain(panel.unit);
      expect(panel.description.length, panel.title).toBeGreaterThan(25);
      expect(panel.description, panel.title).toMatch(/\.$/);
      for (const { expression, legend } of panel.queries) {
        expect(legend, panel.title).not.toBe("");
        // Else one broken look at the server is a hole, or a rate of nothing.
        expect(expression, panel.title).not.toMatch(/rate\([^[]*\[\d+s\]/);
      }
    }
  });

  test("names commands and runbooks that there are", () => {
    const names = commands.map(({ name }) => name);
    for (const { panel } of panels) {
      for (const [, name = ""] of panel.description.matchAll(/`npm run ops -- ([a-z -]+?)(?: <[^>]*>)?`/g)) {
        expect(names, panel.title).toContain(name);
      }
      for (const [, name = ""] of panel.description.matchAll(/[Rr]unbook ([A-Z]\w+)/g)) {
        expect(existsSync(`infra/monitoring/runbooks/${name}.md`), name).toBe(true);
      }
    }
  });

  test("turns red and yellow where the alerts do", () => {
    const changed = {
      ...defaultThresholds,
      connectionsWarning: 41,
      diskCritical: 3,
      slotBytes: 77,
      credential: 12,
    };
    const limits = resolveDashboards(changed).flatMap((dashboard) =>
      dashboard.panels.flatMap(({ title, thresholds }) =>
        thresholds === undefined ? [] : [[title, thresholds]],
      ),
    );
    expect(Object.fromEntries(limits)).toMatchObject({
      "Connections in use": { warning: 41, critical: 95 },
      "Free room of volumes": { warning: 15, critical: 3, below: true },
      "Held by replication slots": { warning: 77, critical: Number.POSITIVE_INFINITY },
      "Age of passwords": { warning: 12 },
    });
    const exprs = alertRules(defaultThresholds).map(({ expr }) => expr);
    for (const title of ["Connections in use", "Log in units of max_wal_size", "Memory of the host"]) {
      const { panel } = panels.find((one) => one.panel.title === title)!;
      expect(
        exprs.some((expr) => expr.startsWith(`${panel.queries[0]!.expression} >`)),
        title,
      ).toBe(true);
    }
  });
});

describe("Grafana's JSON", () => {
  test("is the same each time, and has no place twice", () => {
    const files = renderDashboardFiles(defaultThresholds);
    expect(renderDashboardFiles(defaultThresholds)).toEqual(files);
    expect(Object.keys(files)).toEqual(dashboards.map(({ uid }) => `${uid}.json`));
    for (const dashboard of dashboards) {
      const taken = new Set<string>();
      for (const { gridPos, panel } of placePanels(dashboard.panels)) {
        expect(gridPos.x + gridPos.w, panel.title).toBeLessThanOrEqual(24);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            expect(taken.has(`${x},${y}`), panel.title).toBe(false);
            taken.add(`${x},${y}`);
          }
        }
      }
      const { panels: drawn } = renderDashboard(dashboard) as { panels: { id: number; title: string }[] };
      expect(drawn.map(({ title }) => title).toSorted()).toEqual(
        dashboard.panels.map(({ title }) => title).toSorted(),
      );
      expect(new Set(drawn.map(({ id }) => id)).size).toBe(drawn.length);
    }
  });

  test("has a colour from the lowest value on, and none for a limit that no value reaches", () => {
    const infinity = Number.POSITIVE_INFINITY;
    const colours = (thresholds: Parameters<typeof renderSteps>[0]) =>
      renderSteps(thresholds).map(({ color, value }) => `${color} ${value}`);
    expect(colours(undefined)).toEqual(["green null"]);
    expect(colours({ warning: 80, critical: 95 })).toEqual(["green null", "yellow 80", "red 95"]);
    expect(colours({ warning: 80, critical: infinity })).toEqual(["green null", "yellow 80"]);
    expect(colours({ warning: 1, critical: 1 })).toEqual(["green null", "red 1"]);
    expect(colours({ warning: 15, critical: 5, below: true })).toEqual(["red null", "yellow 5", "green 15"]);
    expect(colours({ warning: 1, critical: 1, below: true })).toEqual(["red null", "green 1"]);
    expect(colours({ warning: 90, critical: -infinity, below: true })).toEqual(["yellow null", "green 90"]);
  });

  test("is what Grafana's own types say that it may be", () => {
    const project = process.cwd();
    const program = programFromConfig(join(project, "tsconfig.check.json"), [
      join(project, "test/support/grafana-model.ts"),
    ]);
    const settings = { noExtraProps: true, strictNullChecks: true, ignoreErrors: true, uniqueNames: true };
    const generator = buildGenerator(program, settings)!;
    const [symbol] = generator.getSymbols("GrafanaModel");
    const ajv = new Ajv({ strict: false, allErrors: true });
    // A map of any keys: the generator closes it as well, and would let no key in.
    const isMap = (value: Definition | null) =>
      value?.additionalProperties === false && Object.keys(value.properties ?? {}).length === 0;
    const made = JSON.stringify(generator.getSchemaForSymbol(symbol!.name));
    const schema = JSON.parse(made, (_key, value: Definition | null) =>
      typeof value === "object" && isMap(value) ? { type: "object" } : value,
    ) as Definition;
    const part = (...path: readonly string[]) => {
      const properties = path.reduce<unknown>(
        (found, key) => (found as { properties: Record<string, unknown> }).properties[key],
        schema,
      );
      return ajv.compile({ ...(properties as object), definitions: schema.definitions });
    };
    const judges = {
      dashboard: part("dashboard"),
      query: part("query"),
      options: Object.fromEntries(types.map((type) => [type, part("options", type)])),
      custom: { table: part("custom", "table"), timeseries: part("custom", "timeseries") },
    };
    for (const dashboard of dashboards) {
      const json = JSON.parse(JSON.stringify(renderDashboard(dashboard))) as Rendered;
      // Their own types: those of a dashboard take them for anything, of which the schema makes nothing.
      const inner = json.panels.map((panel) => ({ ...panel, targets: [] }));
      const list = json.templating.list.map(({ query, ...variable }) => ({
        ...variable,
        query: JSON.stringify(query),
      }));
      const outer = { ...json, panels: inner, templating: { list } };
      expect(faults(judges.dashboard, outer), dashboard.uid).toEqual([]);
      for (const { title, type, options, targets, fieldConfig } of json.panels) {
        expect(faults(judges.options[type]!, options), title).toEqual([]);
        for (const target of targets) expect(faults(judges.query, target), title).toEqual([]);
        if (type === "table" || type === "timeseries") {
          expect(faults(judges.custom[type], fieldConfig.defaults.custom), title).toEqual([]);
        }
      }
    }
    const [{ options }] = (renderDashboard(dashboards[0]!) as unknown as Rendered).panels as [
      Rendered["panels"][0],
    ];
    expect(faults(judges.options.stat!, { ...options, colourMode: "value" })).not.toEqual([]);
    expect(faults(judges.options.stat!, { ...options, colorMode: "colour" })).not.toEqual([]);
  }, 120_000);
});

const types = ["bargauge", "stat", "table", "timeseries"] as const;

interface Rendered {
  readonly templating: { readonly list: readonly { readonly query: unknown }[] };
  readonly panels: readonly {
    readonly title: string;
    readonly type: (typeof types)[number];
    readonly options: object;
    readonly targets: readonly object[];
    readonly fieldConfig: { readonly defaults: { readonly custom: object } };
  }[];
}

function faults(judge: ValidateFunction, value: unknown): readonly string[] {
  if (judge(value)) return [];
  return (judge.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message ?? ""} ${JSON.stringify(params)}`,
  );
}

describe("what Grafana is provisioned with", () => {
  test("is the stack's Prometheus, with the interval that rates are made of", () => {
    const { datasources } = JSON.parse(renderDatasource(7)) as { datasources: Record<string, unknown>[] };
    expect(datasources).toHaveLength(1);
    expect(datasources[0]).toMatchObject({
      type: "prometheus",
      url: "http://prometheus:9090",
      isDefault: true,
      jsonData: { timeInterval: "7s" },
    });
    expect(JSON.parse(renderDashboardProvider())).toMatchObject({
      providers: [{ type: "file", allowUiUpdates: false, disableDeletion: true }],
    });
  });

  test("lets nobody in without a login, has no secret, and asks nobody outside", () => {
    const environment = Object.fromEntries(
      grafanaEnvironment().map((entry) => entry.split("=") as [string, string]),
    );
    expect(environment).toMatchObject({
      GF_AUTH_ANONYMOUS_ENABLED: "false",
      GF_USERS_ALLOW_SIGN_UP: "false",
      GF_ANALYTICS_REPORTING_ENABLED: "false",
      GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
      GF_SECURITY_DISABLE_GRAVATAR: "true",
      GF_PLUGINS_PREINSTALL_DISABLED: "true",
    });
    expect(environment).not.toHaveProperty("GF_SECURITY_ADMIN_PASSWORD");
    expect(environment.GF_SECURITY_ADMIN_PASSWORD__FILE).toMatch(/\/admin\.password$/);
  });
});
