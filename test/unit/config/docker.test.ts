import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../infra/config";
import { planStack } from "../../../infra/plan";
import { problemsOf } from "./bad-configuration";

const base = {
  "pgstead:target": "docker",
  "pgstead:server": { memory: "4GB", cpus: 2 },
  "pgstead:database": { name: "shop", schemas: { app: {} } },
  "pgstead:roles": { monitor: { login: true, profile: "monitor" } },
};
const parse = (more: Readonly<Record<string, unknown>> = {}) =>
  parseConfig({ ...base, ...more }, { stack: "prod" });
const server = (more: Readonly<Record<string, unknown>>) => ({
  "pgstead:server": { memory: "4GB", cpus: 2, ...more },
});
const docker = (more: Readonly<Record<string, unknown>>) => ({ "pgstead:docker": more });
const problems = (more: Readonly<Record<string, unknown>>) => problemsOf({ ...base, ...more });

describe("target docker", () => {
  test("has defaults: loopback, TLS names, limits from the server, logs for 14 days or 1 GB", () => {
    expect(parse().docker).toEqual({
      name: "pgstead-prod",
      engine: {},
      publish: ["127.0.0.1"],
      address: "127.0.0.1",
      version: "17",
      memory: 4096,
      cpus: 2,
      shmSize: 1024,
      ulimits: [],
      logs: { days: 14, maxBytes: 1024 ** 3 },
      certificate: { names: ["127.0.0.1", "localhost", "server"], validity: 90, renewBefore: 30 },
      monitoring: {
        retention: 15,
        scrapeInterval: 15,
        monitor: { database: "shop", role: "shop_monitor", statements: false },
        others: [],
        ...{ alerts: {}, receivers: [], runbooks: "infra/monitoring/runbooks/" },
        ...{ groupWait: "30s", groupInterval: "300s" },
        repeat: { critical: "3600s", warning: "43200s", info: "86400s", watchdog: "300s" },
      },
    });
    expect(parse().server).toMatchObject({ port: 5432, restart: "refuse" });
  });

  test("the memory of the container feeds the settings", () => {
    const [shared] = parse().tuning?.tuned.filter(({ name }) => name === "shared_buffers") ?? [];
    expect(shared?.value).toBe("1GB");
  });

  test("the certificate has every address that clients use, and none that stands for all", () => {
    const { certificate, address } = parse({
      ...docker({ publish: ["0.0.0.0"], address: "db1.example.com" }),
      ...server({ certificate: { names: ["db.example.com"] } }),
    }).docker!;
    expect(certificate.names).toEqual([
      "127.0.0.1",
      "db.example.com",
      "db1.example.com",
      "localhost",
      "server",
    ]);
    expect(address).toBe("db1.example.com");
  });

  test("logins from afar need TLS, and the server's own account comes over the socket first", () => {
    const rules = planStack(parse()).hostBasedAccess?.rules ?? [];
    expect(rules[0]).toMatchObject({ type: "local", user: ["postgres"], method: "peer" });
    expect(rules.slice(1).every(({ type }) => type === "hostssl")).toBe(true);
    const own = planStack(
      parse(
        server({
          hba: [
            {
              type: "hostssl",
              database: "all",
              user: "postgres",
              address: "10.0.0.0/8",
              method: "scram-sha-256",
            },
          ],
        }),
      ),
    ).hostBasedAccess?.rules;
    expect(own?.map(({ type }) => type)).toEqual(["local", "hostssl"]);
    // Rules that do not name it keep pgstead's own login: its address is one that Docker chooses.
    const others = {
      type: "hostssl",
      database: "shop",
      user: "shop_monitor",
      address: "10.0.0.0/8",
      method: "scram-sha-256",
    };
    expect(planStack(parse(server({ hba: [others] }))).hostBasedAccess?.rules).toMatchObject([
      { type: "local", user: ["postgres"] },
      { type: "hostssl", user: ["postgres"], address: "all" },
      { type: "hostssl", user: ["shop_monitor"] },
    ]);
  });

  test("the exporter logs in as the role of profile monitor", () => {
    const { server: planned } = planStack(parse());
    expect(planned.target === "docker" && planned.args.monitoring).toMatchObject({
      database: "shop",
      role: "shop_monitor",
    });
    const without = planStack(parse({ "pgstead:monitoring": { enabled: false } })).server;
    expect(without.target === "docker" && without.args).toMatchObject({ beside: ["ops"] });
    expect(without.target === "docker" && without.args.monitoring).toBeUndefined();
  });
});

describe("a mistake about target docker is told", () => {
  test("limits that are missing, and a monitor that nobody declares", () => {
    expect(problems({ "pgstead:server": { port: 5432 }, "pgstead:roles": {} })).toEqual([
      "pgstead:server.memory: is missing: it is the limit of the server's container, and its settings follow it / add it, such as `memory: 8GB`",
      "pgstead:server.cpus: is missing: it is the limit of the server's container, and its settings follow it / add it, such as `cpus: 4`",
      "pgstead:monitoring: needs a login for the exporter, and no role has the profile monitor / add one, such as `monitor: { login: true, profile: monitor, connectionLimit: 5 }`, or set pgstead:monitoring.enabled to false",
    ]);
  });

  test("another major version, and what is none", () => {
    expect(problems(server({ version: "18" }))).toEqual([
      'pgstead:server.version: the images are of PostgreSQL 17, not 18; data of one major version does not start with another / write "17" or a minor version of it, such as "17.11"',
    ]);
    expect(problems(server({ version: "latest" }))).toEqual([
      'pgstead:server.version: "latest" is no version / write "17" or "17.11"',
    ]);
  });

  test("extensions that the image has not, or that come with something else", () => {
    const extensions = ["pgaudit", "postgis"];
    expect(problems({ "pgstead:database": { name: "shop", schemas: { app: {} }, extensions } })).toEqual([
      "pgstead:database.extensions: pgaudit does nothing by its extension alone: its library has to be loaded / remove it here; `audit: { pgaudit: true }` brings both",
      expect.stringContaining('pgstead:database.extensions: the image has no extension "postgis" / '),
    ]);
  });

  test("names, engines, networks and limits that Docker does not take, all at once", () => {
    const found = problems(
      docker({
        name: "Shop_Prod",
        host: "db1",
        subnet: "172.31.90.7/24",
        publish: ["db1", "127.0.0.1", "127.0.0.1"],
        certPath: "certs",
        ulimits: { files: { soft: 1 }, nofile: { soft: 10, hard: 5 } },
      }),
    );
    expect(found.map((text) => text.split(":").slice(0, 2).join(":"))).toEqual([
      "pgstead:docker.name",
      "pgstead:docker.host",
      "pgstead:docker.subnet",
      "pgstead:docker.certPath",
      "pgstead:docker.ulimits.files",
      "pgstead:docker.ulimits.nofile",
      "pgstead:docker.publish[0]",
      "pgstead:docker.publish[2]",
    ]);
  });

  test("an address that stands for all says nothing of where the server is", () => {
    expect(problems(docker({ publish: ["0.0.0.0"] }))).toEqual([
      "pgstead:docker.address: is missing: nobody can connect to an address that stands for all of them / say where this machine reaches the server, such as `address: 127.0.0.1`",
    ]);
    expect(problems(docker({ publish: [] }))).toEqual([
      "pgstead:docker.publish: is empty: this machine could not reach the server / write at least one address, such as [127.0.0.1]",
    ]);
  });

  test("a loopback address of another host says nothing of where the server is", () => {
    const away = { host: "ssh://deploy@db1.example.com" };
    expect(problems(docker(away))).toEqual([
      "pgstead:docker.address: is missing: 127.0.0.1 of the engine's host is not reached from this machine / publish the server on an address that is (pgstead:docker.publish), or say where a tunnel to it begins here, such as `address: 127.0.0.1`",
    ]);
    expect(problems(docker({ ...away, publish: ["10.0.0.5"] }))).toEqual([]);
    expect(problems(docker({ ...away, address: "127.0.0.1" }))).toEqual([]);
    expect(problems(docker({ host: "tcp://localhost:2376", certPath: "certs" }))).toEqual([]);
  });

  test("rules that let logins in without TLS", () => {
    const rule = { database: "all", user: "postgres", address: "127.0.0.1/32", method: "scram-sha-256" };
    expect(problems(server({ hba: [{ type: "host", ...rule }] }))).toEqual([
      "pgstead:server.hba[0].type: host lets logins in without TLS, and every way into a container is a network / write hostssl",
    ]);
  });

  test("a rule that is open and weak is one mistake, and so is a way that only looks forced", () => {
    const rule = { database: "all", user: "postgres", address: "10.0.0.0/8" };
    expect(problems(server({ hba: [{ type: "host", ...rule, method: "trust" }] }))).toEqual([
      "pgstead:server.hba[0]: host lets logins in without TLS, and every way into a container is a network; trust lets everybody in as anybody, without a password / write `type: hostssl` and `method: scram-sha-256`",
    ]);
    expect(problems(server({ hba: [{ type: "host", ...rule, method: "scram-sha-256" }] }))).toEqual([
      "pgstead:server.hba[0].type: host lets logins in without TLS, and every way into a container is a network / write hostssl",
    ]);
    expect(problems(server({ hba: [{ type: "hostssl", ...rule, method: "trust" }] }))).toEqual([
      "pgstead:server.hba[0].method: trust lets everybody in as anybody, without a password / write scram-sha-256, or add force: true to the rule",
    ]);
    expect(problems(server({ hba: [{ type: "host", ...rule, method: "trust", force: true }] }))).toEqual([
      "pgstead:server.hba[0].type: host lets logins in without TLS, and every way into a container is a network / write hostssl",
    ]);
  });

  test("a limit that is no number of cores is wrong, and not missing as well", () => {
    expect(problems({ "pgstead:server": { memory: 4, cpus: 0.5 } })).toEqual([
      "pgstead:server.memory: 4 is not a size such as 8GB, from 512MB to 16TB / write it such as `memory: 8GB`",
      "pgstead:server.cpus: 0.5 is not a whole number from 1 to 1024 / write it such as `cpus: 4`",
    ]);
  });

  test.each([
    ["172.31.90.4/32", 0],
    ["172.31.90.4/31", 0],
    ["172.31.90.4/30", 2],
    ["fd00:90::4/126", 2],
  ])("a network without room for every container: %s", (subnet, free) => {
    const [near, least] = subnet.includes(":") ? ["fd00:90::/64", 124] : ["172.31.90.0/24", 28];
    expect(problems(docker({ subnet }))).toEqual([
      `pgstead:docker.subnet: ${subnet} has ${free} addresses to give, and the stack needs 7: the gateway, server, ops, exporter, node-exporter, prometheus, alertmanager / write a network with /${least} or a smaller number, such as ${near}`,
    ]);
  });

  test("as few containers as there are need as few addresses", () => {
    const few = { "pgstead:monitoring": { enabled: false } };
    expect(problems(docker({ subnet: "172.31.90.0/28" }))).toEqual([]);
    expect(problems({ ...docker({ subnet: "172.31.90.0/29" }), ...few })).toEqual([]);
    expect(problems({ ...docker({ subnet: "172.31.90.0/30" }), ...few })).toEqual([
      "pgstead:docker.subnet: 172.31.90.0/30 has 2 addresses to give, and the stack needs 3: the gateway, server, ops / write a network with /29 or a smaller number, such as 172.31.90.0/24",
    ]);
  });

  test("settings that the image has, ports that are published twice, certificates that never last", () => {
    expect(problems(server({ settings: { ssl: "off" } }))).toEqual([
      "pgstead:server.settings.ssl: the server's image sets it: other containers, clients with TLS and the ops container count on it / remove it here; addresses are pgstead:docker.publish, certificates pgstead:server.certificate, log files pgstead:server.logs",
    ]);
    expect(problems({ "pgstead:monitoring": { prometheusPort: 5432, alertmanagerPort: 5432 } })).toEqual([
      "pgstead:monitoring.prometheusPort: port 5432 is published twice / choose another one",
      "pgstead:monitoring.alertmanagerPort: port 5432 is published twice / choose another one",
    ]);
    expect(problems({ "pgstead:monitoring": { grafana: { enabled: true, port: 5432 } } })).toEqual([
      "pgstead:monitoring.grafana.port: port 5432 is published twice / choose another one",
    ]);
    expect(problems({ "pgstead:monitoring": { healthPort: 3000 } })).toEqual([]);
    expect(problems(server({ certificate: { validity: 30 } }))).toEqual([
      "pgstead:server.certificate.renewBefore: 30 days is not less than the 30 days that a certificate is valid: each one would be renewed at once / set it below 30",
    ]);
  });

  test("a Grafana without Prometheus, or of no version", () => {
    const grafana = (written: object, monitoring: object = {}) =>
      problems({ "pgstead:monitoring": { ...monitoring, grafana: { enabled: true, ...written } } });
    expect(grafana({})).toEqual([]);
    expect(grafana({ image: "registry.example.com:5000/grafana/grafana:12.4.4-ubuntu" })).toEqual([]);
    expect(grafana({ image: `grafana/grafana@sha256:${"a".repeat(64)}` })).toEqual([]);
    for (const image of ["grafana/grafana", "grafana/grafana:latest", "localhost:5000/grafana", "-v:1"]) {
      expect(grafana({ image })).toEqual([
        `pgstead:monitoring.grafana.image: ${JSON.stringify(image)} names no version of an image / write it with a tag or a digest, such as grafana/grafana:12.4.4`,
      ]);
    }
    expect(grafana({}, { enabled: false })).toEqual([
      "pgstead:monitoring.grafana.enabled: shows what Prometheus has, and pgstead:monitoring.enabled is false / remove one of the two",
    ]);
  });

  test("an administrator of another name, shared memory beyond the memory, tiny log files", () => {
    expect(
      problems(server({ administrator: { name: "root" }, shmSize: "8GB", logs: { maxSize: "1MB" } })),
    ).toEqual([
      "pgstead:server.shmSize: is more than the memory of the server, 4GB / lower it",
      "pgstead:server.logs.maxSize: is less than 10MB / write 10MB or more",
      "pgstead:server.administrator.name: on target docker the administrator is postgres, as the account in the containers is, not root / remove it",
    ]);
  });

  test("names that no certificate can have, where they are written", () => {
    const [first, second] = problems(server({ certificate: { names: ["a b", "db.example.com:5432"] } }));
    expect(first).toContain('pgstead:server.certificate.names[0]: "a b"');
    expect(second).toContain("pgstead:server.certificate.names[1]");
  });

  test("keys of another target", () => {
    expect(problems(server({ dataDirectory: "/srv/postgresql/shop" }))).toEqual([
      "pgstead:server.dataDirectory: belongs to target embedded / remove it, or set pgstead:target to embedded",
    ]);
    const embedded = { ...base, "pgstead:target": "embedded", "pgstead:docker": { name: "shop" } };
    expect(problemsOf(embedded)).toEqual([
      "pgstead:docker: belongs to target docker / remove it, or set pgstead:target to docker",
    ]);
  });
});
