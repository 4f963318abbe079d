import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectRoot } from "../../../components/io/places";
import { commands } from "../../../infra/ops/commands";
import { renderFailureJson, renderJson } from "../../../infra/ops/report";
import { schemaFaults } from "../../support/report-schemas";

describe("the published schemas", () => {
  test("are there for every command, and for no other", () => {
    const files = readdirSync(join(projectRoot(), "infra/ops/schemas")).filter((name) =>
      name.endsWith(".json"),
    );
    expect(files.toSorted()).toEqual(
      commands.map(({ name }) => `${name.replaceAll(" ", "-")}.json`).toSorted(),
    );
  });

  test("tell of what is missing, of another type, and of what they do not know", () => {
    const faults = schemaFaults(
      renderJson({ command: "migrate create", stack: "dev", data: { path: 1, more: 2 }, findings: [] }),
    );
    expect(faults.join("\n")).toMatch(/must NOT have additional properties.*more/);
    expect(faults.join("\n")).toMatch(/must be string/);
  });

  test("know a failure of every command", () => {
    const failure = {
      status: "usage",
      title: "not usable",
      problems: [{ path: "", message: "no", hint: "yes" }],
    } as const;
    for (const { name } of commands) {
      expect(schemaFaults(renderFailureJson(failure, { command: name, stack: null })), name).toEqual([]);
    }
    expect(schemaFaults(renderFailureJson(failure, { command: null, stack: null }))).toEqual([]);
  });
});
