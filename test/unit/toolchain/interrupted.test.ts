import { describe, expect, test } from "vitest";
import { settleInterrupted, type StateResource } from "../../../infra/toolchain/interrupted";

const provider = { urn: "urn:server", type: "pulumi:providers:postgresql", id: "p1" };
const official = (kind: string, inputs: Record<string, unknown>): StateResource => ({
  urn: `urn:${kind}:${String(inputs.name)}`,
  type: `postgresql:index/${kind.toLowerCase()}:${kind}`,
  provider: "urn:server::p1",
  inputs,
});
const settle = (resources: StateResource[], ...pending: [type: string, resource: StateResource][]) =>
  settleInterrupted({
    manifest: "kept",
    resources,
    pending_operations: pending.map(([type, resource]) => ({ type, resource })),
  });

describe("what a killed run was creating", () => {
  test("counts as created with the id that it has on the server, behind what it needs", () => {
    const role = official("Role", { name: "r", login: true, __defaults: [] });
    const { deployment, adopted } = settle(
      [provider],
      ["creating", role],
      ["creating", official("Database", { name: "d" })],
      ["creating", official("Schema", { name: "s", database: "d" })],
      ["creating", official("Extension", { name: "e", database: "d" })],
    );
    expect(adopted.map(({ id }) => id)).toEqual(["r", "d", "d.s", "d.e"]);
    expect(deployment.resources?.slice(0, 2)).toEqual([
      provider,
      { ...role, id: "r", outputs: { id: "r", name: "r", login: true } },
    ]);
    expect(deployment).toMatchObject({ manifest: "kept" });
    expect(deployment).not.toHaveProperty("pending_operations");
  });

  test("is forgotten where it is known already, was of a server that is gone, or is made again without harm", () => {
    const known = { ...official("Role", { name: "known" }), id: "known" };
    const { deployment, adopted } = settle(
      [provider, known],
      ["creating", official("Role", { name: "known" })],
      ["creating", { ...official("Role", { name: "old" }), provider: "urn:server::p0" }],
      ["creating", { urn: "urn:access", type: "pgstead:index:Access", provider: "urn:server::p1" }],
      ["creating", official("Schema", { name: "s" })],
      ["deleting", official("Role", { name: "leaving" })],
    );
    expect([adopted, deployment.resources]).toEqual([[], [provider, known]]);
  });

  test("is taken once, however often it was tried", () => {
    const role = official("Role", { name: "r" });
    expect(settle([provider], ["creating", role], ["creating", role]).adopted).toHaveLength(1);
    expect(settleInterrupted({}).deployment).toEqual({ resources: [] });
  });
});
