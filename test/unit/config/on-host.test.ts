import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../infra/config";
import { planStack } from "../../../infra/plan";
import { problemsOf, server } from "./bad-configuration";

const shop = { "pgstead:target": "existing", "pgstead:database": { name: "shop" } };
const ssh = { host: "db1.example.com", user: "deploy" };

const parse = (written: Readonly<Record<string, unknown>>) =>
  parseConfig({ ...shop, ...server(written) }, { stack: "prod" });
const planned = (written: Readonly<Record<string, unknown>>) => {
  const { server: found } = planStack(parse(written));
  if (found.target !== "existing") throw new Error("another target");
  return found.args;
};

describe("the host of an existing server", () => {
  test("is managed as root: by sudo, or because the account is root", () => {
    expect(planned({ ssh, onHost: {} }).onHost).toEqual({ become: "sudo" });
    const root = planned({ ssh: { ...ssh, user: "root" }, onHost: { cluster: "17/main" } });
    expect(root.onHost).toEqual({ become: "none", cluster: "17/main" });
    expect(planned({ ssh }).onHost).toBeUndefined();
  });

  test("has those files put back that the stack writes", () => {
    const rule = { type: "local", database: "all", user: "postgres", method: "peer" };
    expect(planned({ ssh }).takesOver).toBeUndefined();
    expect(planned({ ssh, settings: { work_mem: "6MB" } }).takesOver).toEqual(["postgresql.auto.conf"]);
    expect(planned({ host: "db1", hba: [rule] }).takesOver).toEqual(["pg_hba.conf"]);
  });

  test.each([
    ["without a way there", { host: "db1", onHost: {} }, "server.onHost: stands without pgstead:server.ssh"],
    [
      "as no root",
      { ssh, onHost: { become: "none" } },
      "server.onHost.become: is none, and deploy is not root",
    ],
    ["with a program that is not known", { ssh, onHost: { become: "doas" } }, "server.onHost.become"],
    ["with a name that is none", { ssh, onHost: { cluster: "main" } }, '"main" is not the name of a cluster'],
  ])("is refused %s", (_what, written, said) => {
    expect(problemsOf({ ...shop, ...server(written) }).join("\n")).toContain(said);
  });

  test("belongs to target existing", () => {
    const docker = { "pgstead:database": { name: "shop" }, ...server({ onHost: {} }) };
    expect(problemsOf(docker).join("\n")).toContain("server.onHost: belongs to target existing");
  });
});
