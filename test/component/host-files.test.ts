import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test } from "vitest";
import { HostCertificate, HostExporter, HostLogin, HostPackages } from "../../components";
import type { HostPlace } from "../../components/core/host/place";
import { record, secretPaths, type Recorded } from "../support/recorded-program";

const host: HostPlace = {
  ssh: { host: "db1.example.com", port: 22, user: "deploy", keyFile: "~/.ssh/key" },
  become: "sudo",
};
const password = "of the monitor role";
let resources: readonly Recorded[];

beforeAll(async () => {
  ({ resources } = await record(() => {
    const login = new HostLogin("host", { host });
    const packages = new HostPackages("host", { host, login, packages: ["pgbackrest", "nodejs"] });
    const place = { host, login, port: 5432 };
    new HostCertificate("host", { ...place, source: { certificate: "PEM", key: "KEY" } });
    new HostExporter("host", {
      host,
      login,
      listen: "127.0.0.1:9187",
      server: { host: "localhost", port: 5432 },
      tls: false,
      role: "shop_monitor",
      database: "shop",
      statements: false,
      password: pulumi.output(password),
      dependsOn: [packages.resource],
    });
  }));
});

const commands = (): readonly Recorded[] =>
  resources.filter(({ urn }) => urn.includes("command:remote:Command"));

describe("what is done on a host", () => {
  test("runs as root by the account's sudo, and what it depends on stands in its text", () => {
    expect(commands()).toHaveLength(3);
    for (const { inputs } of commands()) {
      expect(inputs.create).toMatch(/^LC_ALL=C sudo -n -u root -- \/bin\/sh -c /);
      expect(inputs.update).toBe(inputs.create);
      expect(inputs).not.toHaveProperty("triggers");
      expect(inputs).not.toHaveProperty("environment");
    }
    const [packages] = commands().filter(({ urn }) => urn.endsWith("::packages"));
    expect(packages?.inputs.create).toContain("nodejs pgbackrest");
  });

  test("has no secret in a command or in its connection; files are secret", () => {
    expect(JSON.stringify(commands().map(({ inputs }) => inputs))).not.toMatch(
      new RegExp(`${password}|KEY|privateKey|password`),
    );
    const files = resources.filter(({ urn }) => urn.includes("HostFiles"));
    expect(files).toHaveLength(2);
    for (const { inputs } of files) {
      const paths = Object.keys(inputs.files as object);
      const secrets = secretPaths(inputs).join("\n");
      for (const path of paths) expect(secrets).toContain(path);
    }
  });
});
