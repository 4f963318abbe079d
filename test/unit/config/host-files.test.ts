import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../infra/config";
import { planStack } from "../../../infra/plan";
import { problemsOf } from "./bad-configuration";

const ssh = { host: "db1.example.com", user: "deploy" };

function raw(onHost: unknown, more: object = {}): Readonly<Record<string, unknown>> {
  return {
    "pgstead:target": "existing",
    "pgstead:server": { ssh, onHost, ...more },
    "pgstead:database": { name: "shop" },
    "pgstead:roles": { monitor: { login: true, profile: "monitor" } },
  };
}

const plan = (onHost: unknown, more: object = {}) =>
  planStack(parseConfig(raw(onHost, more), { stack: "prod" }));

describe("what a stack has on its server's host", () => {
  test("is nothing unless it is declared, and then complete", () => {
    expect(plan({}).hostFiles).toBeUndefined();
    expect(plan({}).tuning).toBeUndefined();
    const { hostFiles, tuning } = plan({ certificate: {}, packages: ["pgbackrest"], exporter: {} });
    expect(hostFiles).toEqual({
      host: { ssh: { ...ssh, port: 22 }, become: "sudo" },
      // The exporter's own comes by itself.
      packages: ["pgbackrest", "prometheus-postgres-exporter"],
      purge: false,
      port: 5432,
      certificate: { names: ["db1.example.com"], validity: 90, renewBefore: 30 },
      exporter: {
        listen: "127.0.0.1:9187",
        database: "shop",
        role: "shop_monitor",
        statements: false,
        tls: true,
        server: { host: "localhost", port: 5432 },
      },
    });
    expect(tuning).toMatchObject({
      settings: { ssl: "on", ssl_cert_file: "/etc/pgstead/prod-tls/server.crt" },
      broughtFiles: ["/etc/pgstead/prod-tls/server.crt", "/etc/pgstead/prod-tls/server.key"],
    });
  });

  test("keeps the user's own settings beside those of the certificate", () => {
    const { tuning } = plan(
      { certificate: { file: "a.crt", keyFile: "a.key" } },
      { settings: { work_mem: "8MB" } },
    );
    expect(tuning?.settings).toMatchObject({ work_mem: "8MB", ssl: "on" });
  });

  test("as root needs no sudo, and a server on another host is asked over TLS", () => {
    const { hostFiles } = plan(
      { exporter: { listen: "[::1]:9187" }, purge: true },
      { ssh: { ...ssh, user: "root" }, host: "10.0.0.7" },
    );
    expect(hostFiles).toMatchObject({
      host: { become: "none" },
      purge: true,
      exporter: { tls: true, server: { host: "10.0.0.7" }, listen: "[::1]:9187" },
    });
  });

  test.each([
    [{ packages: ["pgbackrest=2"] }, {}, 'onHost.packages[0]: "pgbackrest=2" is not the name of a package'],
    [{ packages: ["postgresql-17"] }, {}, "onHost.packages[0]: postgresql-17 is the server itself"],
    [{ packages: ["nodejs", "nodejs"] }, {}, "onHost.packages[1]: nodejs is listed twice"],
    [{ exporter: { listen: "9187" } }, {}, 'onHost.exporter.listen: "9187" is not an address and a port'],
    [{ exporter: { listen: "1.2.3.4:70000" } }, {}, "onHost.exporter.listen: "],
    [{ certificate: { file: "a.crt" } }, {}, "onHost.certificate.keyFile: is missing"],
    [{ certificate: { keyFile: "a.key" } }, {}, "onHost.certificate.file: is missing"],
    [
      { certificate: { file: "a", keyFile: "b", validity: 9, renewBefore: 3 } },
      {},
      "onHost.certificate.validity: is about a certificate that is issued",
    ],
    [
      { certificate: { validity: 9 } },
      {},
      "onHost.certificate.renewBefore: 30 days is not less than the 9 days",
    ],
    [{ certificate: { names: ["a b"] } }, {}, "onHost.certificate.names[0]: "],
    [{ certificate: {} }, { shared: true }, "onHost.certificate: sets what belongs to the whole server"],
    [
      { certificate: {} },
      { settings: { ssl: "off" } },
      "settings.ssl: stands beside pgstead:server.onHost.certificate",
    ],
    [{ certificate: {} }, { ssh: undefined, host: "db" }, "onHost: stands without pgstead:server.ssh"],
  ])("%j with %j is refused by name", (onHost, more, told) => {
    const problems = problemsOf(raw(onHost, more));
    expect(
      problems.some((problem) => problem.startsWith(`pgstead:server.${told}`)),
      problems.join("\n"),
    ).toBe(true);
  });

  test("has no exporter without a role that it logs in with", () => {
    expect(problemsOf({ ...raw({ exporter: {} }), "pgstead:roles": { app: { login: true } } })).toEqual([
      expect.stringContaining("pgstead:server.onHost.exporter: has no role to log in with"),
    ]);
  });
});
