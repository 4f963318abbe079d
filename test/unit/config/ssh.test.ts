import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../infra/config";
import { planStack } from "../../../infra/plan";
import { problemsOf, server } from "./bad-configuration";

const shop = { "pgstead:target": "existing", "pgstead:database": { name: "shop" } };
const way = { host: "db1.example.com", user: "deploy" };
const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC3pmbPfPY0xXWzPrLT4cIRZEETNSHPZIPRcS9p4LuGe";

const parse = (written: Readonly<Record<string, unknown>>) =>
  parseConfig({ ...shop, ...server(written) }, { stack: "prod" });
const said = (ssh: unknown, more: Readonly<Record<string, unknown>> = {}): string[] =>
  problemsOf({ ...shop, ...server({ ssh, ...more }) });

describe("the way to a server over an SSH host", () => {
  test("makes that host the server's own, unless another is named, and is spoken to in clear there only", () => {
    expect(parse({ ssh: way }).server.existing).toMatchObject({
      host: "localhost",
      tls: { mode: "disable" },
      ssh: { host: "db1.example.com", port: 22, user: "deploy" },
    });
    expect(parse({ ssh: way, host: "10.0.0.7" }).server.existing?.tls).toEqual({ mode: "verify-full" });
  });

  test("is part of the plan as it is written, with a bastion", () => {
    const bastion = { host: "bastion", port: 2222, user: "jump", hostKey };
    const written = { ...way, keyFile: "~/.ssh/db", bastion };
    const { server: planned } = planStack(parse({ ssh: written }));
    expect(planned.target === "existing" && planned.args.ssh).toEqual({ ...written, port: 22 });
  });

  test("is told of with every mistake in it", () => {
    expect(said({})).toEqual([
      "pgstead:server.ssh.host: is missing / add it, such as `host: db1.example.com`",
      "pgstead:server.ssh.user: is missing / add it, such as `user: deploy`",
    ]);
    const odd = { host: "deploy@db1", user: "-oProxyCommand=x", hostKey: "db1 ssh-ed25519 AAAA" };
    const problems = said({ ...way, bastion: { ...odd, knownHosts: "k" } });
    expect(problems.map((line) => line.split(": ")[0])).toEqual([
      "pgstead:server.ssh.bastion.host",
      "pgstead:server.ssh.bastion.user",
      "pgstead:server.ssh.bastion.hostKey",
      "pgstead:server.ssh.bastion.knownHosts",
    ]);
    expect(said({ ...way, host: "db1:22" }).join()).toContain('"db1:22" is not a name or an address');
    expect(said({ ...way, host: "2001:db8::1" })).toEqual([]);
  });

  test("has no secrets in it, and no keys that are not known", () => {
    expect(said({ ...way, passphrase: "hunter2" }).join()).toContain(
      "pgstead:server.ssh.passphrase: is not a known key",
    );
    expect(said({ ...way, keyfile: "k" })).toEqual([
      "pgstead:server.ssh.keyfile: is not a known key / did you mean keyFile?",
    ]);
  });

  test("belongs to target existing", () => {
    expect(problemsOf(server({ ssh: way })).join()).toContain(
      "pgstead:server.ssh: belongs to target existing",
    );
  });
});
