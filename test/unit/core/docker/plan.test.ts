import { describe, expect, test } from "vitest";
import {
  describeRootless,
  planHost,
  type ActualHost,
  type DesiredHost,
} from "../../../../components/core/docker/host";
import { planReplacement } from "../../../../components/core/docker/replacement";
import { planDockerServer } from "../../../../components/core/docker/server";

const desired: DesiredHost = {
  stack: "acme/pgstead/prod",
  name: "shop",
  containers: ["shop-server"],
  volumes: ["shop-data"],
  networks: ["shop"],
  ports: [],
  cpus: 2,
  memory: 4096,
};

const engine: ActualHost = {
  version: "20.10.24",
  apiVersion: "1.41",
  architecture: "x86_64",
  os: "linux",
  rootless: false,
  cpus: 2,
  memory: 8 * 1024 ** 3,
  named: [],
  taken: [],
  missing: [],
  freeBytes: 20 * 1024 ** 3,
};

const refusals = (change: Partial<ActualHost>, isNew = true) =>
  planHost(desired, { ...engine, ...change }, isNew ? undefined : desired.containers).refusals.map(
    ({ subject, message }) => `${subject}: ${message}`,
  );

describe("an engine", () => {
  test("that has nothing in the way is taken, and so is what is the stack's own", () => {
    expect(refusals({})).toEqual([]);
    const own = { kind: "volume", name: "shop-data", stack: desired.stack } as const;
    expect(refusals({ named: [own] }, false)).toEqual([]);
    expect(refusals({ named: [{ kind: "container", name: "other", stack: undefined }] })).toEqual([]);
  });

  test("whose host has less than is declared is refused before the old container goes", () => {
    expect(refusals({ cpus: 1 }, false)).toEqual([
      "pgstead:server.cpus: 2 cores are declared, and the engine's host has 1",
    ]);
    expect(refusals({ memory: 2 * 1024 ** 3 })).toEqual([
      "pgstead:server.memory: 4096MB are declared, and the engine's host has 2048MB",
    ]);
  });

  test("that is too old, of another system or architecture is refused", () => {
    expect(refusals({ apiVersion: "1.40" })[0]).toContain("20.10 (API 1.41) is the oldest");
    expect(refusals({ apiVersion: "1.44" })).toEqual([]);
    expect(refusals({ os: "windows" })).toEqual(["Docker engine: it runs windows containers"]);
    expect(refusals({ architecture: "s390x" })).toEqual([
      "Docker engine: its host is s390x, for which there are no packages",
    ]);
  });

  test("whose names somebody else has is refused, with whose they are", () => {
    const named = [
      { kind: "container", name: "shop-server", stack: undefined },
      { kind: "volume", name: "shop-data", stack: "acme/pgstead/staging" },
    ] as const;
    expect(refusals({ named })).toEqual([
      "container shop-server: there is one that pgstead did not make",
      "volume shop-data: it belongs to the stack acme/pgstead/staging",
    ]);
  });

  test("that has the data of an earlier stack of the name is refused: nobody takes it over unasked", () => {
    const own = { kind: "volume", name: "shop-data", stack: desired.stack } as const;
    expect(refusals({ named: [own] })).toEqual([
      "volume shop-data: it holds the data of an earlier stack of this name, whose state is gone",
    ]);
    // Nobody is told to remove what a server has.
    const server = { kind: "container", name: "shop-server", stack: desired.stack } as const;
    const { refusals: both } = planHost(desired, { ...engine, named: [own, server] });
    expect(JSON.stringify(both)).not.toContain("docker volume rm");
    expect(both).toHaveLength(1);
  });

  test("whose ports or space are taken is refused; space counts for a new stack only", () => {
    const port = { container: "shop-server", address: "127.0.0.1", port: 5432, key: "server.port" };
    expect(refusals({ taken: [{ ...port, reason: "in use" }] })).toEqual([
      "port 5432 on 127.0.0.1: another program has it",
    ]);
    expect(refusals({ taken: [{ ...port, reason: "no such address" }] })).toEqual([
      "port 5432 on 127.0.0.1: the engine's host has no such address",
    ]);
    const image = { image: "grafana/grafana:12.4.4", key: "monitoring.grafana.image" };
    expect(refusals({ missing: [image] })).toEqual([]);
    expect(refusals({ missing: [{ ...image, fault: "no such host" }] }, false)[0]).toContain(
      "the engine does not have it, and cannot get it: no such host",
    );
    expect(refusals({ freeBytes: 1024 ** 3 })[0]).toContain("1024 MB are free");
    expect(refusals({ freeBytes: 1024 ** 3 }, false)).toEqual([]);
  });

  test("whose containers beside the server stopped or went is told, once the stack is there", () => {
    const wanted = { ...desired, containers: ["shop-server", "shop-ops", "shop-exporter"] };
    const named = [{ kind: "container", name: "shop-ops", stack: desired.stack, running: false }] as const;
    const plan = (isNew: boolean) =>
      planHost(wanted, { ...engine, named }, isNew ? undefined : wanted.containers).statements.map(
        ({ sql }) => sql,
      );
    expect(plan(false)).toEqual(["start container shop-ops", "make container shop-exporter again"]);
    expect(plan(true)).toEqual([]);
    // What is declared for the first time is about to be made.
    expect(planHost(wanted, engine, ["shop-server"]).statements).toEqual([]);
  });

  test("without root is told apart", () => {
    expect(describeRootless(engine)).toBeUndefined();
    expect(describeRootless({ ...engine, rootless: true })).toContain("without root");
  });
});

const replaced = {
  container: "shop-server",
  spec: { image: "sha256:b", version: "17" },
  major: 17,
  restart: "allow",
  memory: 4096,
} as const;
const last = { image: "sha256:a", version: "17" };

describe("a container that would be replaced", () => {
  const running = { container: "running", major: 17 } as const;

  test("is announced as a restart, with the interruption that is to be expected", () => {
    const { statements, refusals: refused } = planReplacement(replaced, last, running);
    expect(refused).toEqual([]);
    expect(statements).toMatchObject([
      {
        risk: "restart",
        sql: "stop the server with a checkpoint, and replace container shop-server",
        reason:
          "a new image; the data stays on its volume; sessions end, about 5 s, at worst 16 s, without service",
      },
    ]);
  });

  test("is refused unless a restart is allowed, but not where no server runs", () => {
    const careful = { ...replaced, restart: "refuse" } as const;
    const plan = planReplacement(careful, last, running);
    expect(plan.statements).toEqual([]);
    expect(plan.refusals).toMatchObject([
      { subject: "restart of the server", message: "its container has to be replaced: a new image" },
    ]);
    expect(planReplacement(careful, last, { ...running, container: "stopped" }).refusals).toEqual([]);
  });

  test("is not, where nothing changed, it is new, or gone", () => {
    const nothing = { statements: [], refusals: [] };
    expect(planReplacement({ ...replaced, spec: last }, last, running)).toEqual(nothing);
    expect(planReplacement(replaced, undefined, running)).toEqual(nothing);
    expect(planReplacement(replaced, last, { container: "absent", major: undefined })).toEqual(nothing);
  });

  test("with data of another major version is refused", () => {
    expect(planReplacement(replaced, last, { ...running, major: 16 }).refusals).toMatchObject([
      { message: "the data of shop-server is of PostgreSQL 16, the image is 17" },
    ]);
  });
});

describe("a server in a container", () => {
  const wanted = { container: "shop-server", isReplaced: false, newPassword: false };

  test("that runs is left alone; one that was stopped is started", () => {
    expect(planDockerServer(wanted, { container: "running", isKnown: true }).statements).toEqual([]);
    expect(planDockerServer(wanted, { container: "stopped", isKnown: true }).statements).toMatchObject([
      { sql: "start container shop-server" },
    ]);
  });

  test("that is gone is refused with the way back, unless this run makes it", () => {
    const gone = { container: "absent", isKnown: false } as const;
    expect(planDockerServer(wanted, gone).refusals[0]?.hint).toContain("npm run pulumi -- up");
    expect(planDockerServer({ ...wanted, isReplaced: true }, gone).refusals).toEqual([]);
  });

  test("gets a new password over its socket", () => {
    const plan = planDockerServer({ ...wanted, newPassword: true }, { container: "running", isKnown: true });
    expect(plan.statements).toMatchObject([{ sql: "ALTER ROLE of the administrator PASSWORD '[verifier]'" }]);
  });
});
