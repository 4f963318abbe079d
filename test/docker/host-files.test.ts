import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installScript, removeScript } from "../../components/core/host/packages";
import { makeCheckout, type Checkout, type Output } from "../support/checkout";
import { makeDebianHost, type DebianHost } from "../support/debian-host";
import { eventually } from "../support/eventually";
import { changedFiles, type Checksums } from "../support/host-checksums";

/** A host and a stack that reaches it over SSH: the real engine, and commands by the plugin `command`. */
class Stack {
  private constructor(
    readonly host: DebianHost,
    readonly before: Checksums,
    private readonly checkout: Checkout,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async make(release: "bookworm" | "trixie"): Promise<Stack> {
    const [host, checkout] = await Promise.all([makeDebianHost({ release }), makeCheckout()]);
    const home = dirname(checkout.directory);
    const password = join(home, "password");
    await Promise.all([mkdir(join(home, "backend")), writeFile(password, host.password, { mode: 0o600 })]);
    const env = {
      PULUMI_BACKEND_URL: `file://${join(home, "backend")}`,
      PULUMI_HOME: join(home, "pulumi"),
      PULUMI_CONFIG_PASSPHRASE: "of a test",
      PGSTEAD_ADMINISTRATOR_PASSWORD_FILE: password,
      SSH_AUTH_SOCK: undefined,
    };
    await checkout.run("infra/toolchain/pulumi.ts", ["stack", "init", release], { env });
    return new Stack(host, await host.checksums(), checkout, env);
  }

  async configure(onHost: object): Promise<void> {
    const config = {
      "pgstead:target": "existing",
      "pgstead:server": { port: 5432, ssh: this.host.ssh, onHost },
      "pgstead:database": { name: "shop", schemas: { app: {} } },
      "pgstead:roles": { monitor: { login: true, profile: "monitor" } },
      "pgstead:disposable": true,
    };
    const { parse, stringify } = await import("yaml");
    const { readFile } = await import("node:fs/promises");
    const file = join(this.checkout.directory, `Pulumi.${this.host.release}.yaml`);
    const found = parse(await readFile(file, "utf8").catch(() => "{}")) as object;
    await writeFile(file, stringify({ ...found, config }));
  }

  pulumi(args: readonly string[], exitCode: number | "any" = 0): Promise<Output> {
    const words = [...args, "--stack", this.host.release];
    return this.checkout.run("infra/toolchain/pulumi.ts", words, { env: this.env, exitCode });
  }

  /** What of the host is not as it was, but for what packages bring. */
  async changed(): Promise<string[]> {
    return changedFiles(this.before, await this.host.checksums());
  }

  /** The certificate that the server shows over TLS. */
  served(): Promise<string> {
    const show = "openssl s_client -starttls postgres -connect localhost:5432 </dev/null 2>/dev/null";
    return this.host.exec(`${show} | openssl x509 -noout -serial -ext subjectAltName`);
  }

  async stop(): Promise<void> {
    await Promise.all([this.host.stop(), this.checkout.remove()]);
  }
}

const unit = "pgstead-pgstead-trixie-exporter.service";
const metrics = `exec 3<>/dev/tcp/127.0.0.1/9187; printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`;

describe("on a host with systemd", () => {
  let stack: Stack;
  let host: DebianHost;
  let password: string;

  beforeAll(async () => {
    stack = await Stack.make("trixie");
    ({ host } = stack);
    await stack.configure({
      packages: ["pgbackrest"],
      purge: true,
      exporter: {},
      certificate: { names: ["db.example.com"] },
    });
  });
  afterAll(() => stack.stop());

  test("a preview runs nothing, and `up` installs, serves and measures", async () => {
    const preview = await stack.pulumi(["preview"]);
    expect(preview.text).toContain(`write /etc/systemd/system/${unit} on deploy@127.0.0.1`);
    expect(await stack.changed()).toEqual([]);
    await stack.pulumi(["up", "--yes", "--skip-preview"]);
    const { stdout } = await stack.pulumi(["stack", "output", "--json", "--show-secrets"]);
    const outputs = JSON.parse(stdout) as {
      hostPackages: string[];
      caCertificate: string;
      uris: { monitor: string };
    };
    expect(outputs.hostPackages).toEqual(
      expect.arrayContaining(["pgbackrest", "prometheus-postgres-exporter"]),
    );
    expect(outputs.hostPackages).not.toContain("openssh-server");
    expect(outputs.caCertificate).toContain("BEGIN CERTIFICATE");
    password = new URL(outputs.uris.monitor).password;
    expect(password.length).toBeGreaterThan(16);
    expect(await stack.served()).toContain("DNS:db.example.com");
    const answer = await eventually("the exporter measures", async () => {
      const { stdout: text } = await host.tryExec(`bash -c '${metrics.replaceAll("'", "'\\''")}'`);
      return /^pg_up 1$/m.test(text) ? text : undefined;
    });
    expect(answer).toContain("pg_postmaster_start_time_seconds");
    // On its own address alone: 9187 is 23E3, 127.0.0.1 is 0100007F.
    const listening = await host.exec("cat /proc/net/tcp /proc/net/tcp6 | awk '$4 == \"0A\" { print $2 }'");
    expect(listening.split("\n").filter((line) => line.endsWith(":23E3"))).toEqual(["0100007F:23E3"]);
    expect(await host.exec("systemctl is-enabled prometheus-postgres-exporter || true")).toBe("disabled\n");
    expect(await host.exec("ls /usr/sbin/policy-rc.d 2>&1 || true")).toContain("No such file");
    await stack.pulumi(["preview", "--expect-no-changes"]);
  });

  test("nothing secret is where others see it", async () => {
    const { stdout: state } = await stack.pulumi(["stack", "export"]);
    const key = await host.exec("sed -n 4p /etc/pgstead/trixie-tls/server.key");
    expect(key.trim().length).toBeGreaterThan(40);
    for (const secret of [password, key.trim(), host.password]) {
      expect(state).not.toContain(secret);
      const script = `journalctl --no-pager -q | grep -cF -- '${secret}'; find /etc /var/lib /var/log /tmp /home /usr/local -xdev -type f -perm -004 -print0 | xargs -0 grep -lF -- '${secret}'; cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -v grep | grep -cF -- '${secret}'; find / -xdev -name '.*_history' -print0 | xargs -0 -r grep -lF -- '${secret}'`;
      expect((await host.tryExec(script.replace(/;$/, ""))).stdout.replaceAll(/^0$/gm, "").trim()).toBe("");
    }
    expect(state).not.toMatch(/PRIVATE KEY|privateKey/);
    expect(await host.exec("stat -c '%a %U' /etc/pgstead/*/server.key /etc/pgstead/*/exporter.env")).toBe(
      "600 postgres\n600 root\n",
    );
  });

  test("what is edited by hand is drift, and mended where it counts", async () => {
    const started = `systemctl show -p ActiveEnterTimestampMonotonic --value ${unit}`;
    const before = await host.exec(started);
    await host.exec(`sed -i 's/^RestartSec=5/RestartSec=50/' /etc/systemd/system/${unit}`);
    const preview = await stack.pulumi(["preview"]);
    expect(preview.text).toContain("- RestartSec=50");
    expect(preview.text).toContain("+ RestartSec=5");
    await stack.pulumi(["up", "--yes", "--skip-preview"]);
    expect(await host.exec(started)).not.toBe(before);
    expect(await host.exec(`systemctl show -p RestartUSec --value ${unit}`)).toBe("5s\n");
    await stack.pulumi(["preview", "--expect-no-changes"]);
  });

  test("another certificate costs a reload, and `destroy` leaves the host as it was", async () => {
    const before = await stack.served();
    const started = "SELECT pg_postmaster_start_time()";
    const postmaster = await host.sql(started);
    await stack.configure({
      packages: ["pgbackrest"],
      purge: true,
      exporter: {},
      certificate: { names: ["db.example.com", "db2.example.com"] },
    });
    await stack.pulumi(["up", "--yes", "--skip-preview"]);
    await eventually("the server serves the new one", async () =>
      (await stack.served()) === before ? undefined : true,
    );
    expect(await stack.served()).toContain("db2.example.com");
    expect(await host.sql(started)).toBe(postmaster);
    await stack.pulumi(["destroy", "--yes", "--skip-preview"]);
    expect(await host.exec(`systemctl list-unit-files '${unit}' --no-legend || true`)).toBe("");
    expect((await host.tryExec("dpkg-query -W -f='${db:Status-Status}' pgbackrest")).stdout).not.toBe(
      "installed",
    );
    // As with any purge of Debian's, the account that a package has made stays.
    const accounts = /^\/etc\/(?:passwd|group|shadow|gshadow): /;
    expect((await stack.changed()).filter((line) => !accounts.test(line))).toEqual([]);
    expect(await host.exec("cut -d: -f1 /etc/passwd | tail -n 2")).toBe("deploy\nprometheus\n");
    await host.exec("systemctl restart postgresql@17-main");
    expect(await host.sql("SHOW ssl_cert_file")).toBe("/etc/ssl/certs/ssl-cert-snakeoil.pem\n");
  });
});

describe("on a host without systemd", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await Stack.make("bookworm");
  });
  afterAll(() => stack.stop());

  test("an exporter is refused by name; packages stay without the word, and are listed", async () => {
    await stack.configure({ exporter: {}, packages: ["pgbackrest"] });
    const refused = await stack.pulumi(["preview"], "any");
    expect(refused.exitCode).not.toBe(0);
    expect(refused.text).toMatch(/pgstead:server.onHost.exporter: it runs as a unit of systemd/);
    await stack.configure({ certificate: {}, packages: ["pgbackrest"] });
    await stack.pulumi(["up", "--yes", "--skip-preview"]);
    expect(await stack.served()).toContain("IP Address:127.0.0.1");
    const { stdout } = await stack.pulumi(["stack", "output", "--json"]);
    const { hostPackages } = JSON.parse(stdout) as { hostPackages: string[] };
    expect(hostPackages).toContain("pgbackrest");
    expect(await stack.host.exec("cat /var/lib/pgstead/pgstead-bookworm/packages")).toContain(
      "# pgstead: pgstead/bookworm\n",
    );
    const destroyed = await stack.pulumi(["destroy", "--yes", "--skip-preview"]);
    expect(destroyed.text).toContain("these packages stay on the host");
    expect(await stack.host.exec("dpkg-query -W -f='${db:Status-Status}' pgbackrest")).toBe("installed");
    await stack.host.exec(`DEBIAN_FRONTEND=noninteractive apt-get -qq -y purge ${hostPackages.join(" ")}`);
    expect(await stack.changed()).toEqual([]);
  });

  test("what others need is not purged, and a run that was killed while it installed is ended by the next", async () => {
    const { host } = stack;
    const declared = { stack: "other/stack", packages: ["libssh2-1"], purge: true };
    const apt = "DEBIAN_FRONTEND=noninteractive apt-get -qq -y";
    const listed = "/var/lib/pgstead/other-stack/packages";
    // As a run leaves it that was killed when all was unpacked: the list of before, and the word that nothing starts.
    await host.exec(
      `mkdir -p /var/lib/pgstead/other-stack; dpkg-query -W -f='\${db:Status-Status} \${Package}\\n' | sed -n 's/^installed //p' | sort -u > ${listed}.before; ${apt} install --no-install-recommends libssh2-1 >&2`,
    );
    const policy = "/usr/sbin/policy-rc.d";
    await host.exec(
      `printf '#!/bin/sh\\n# pgstead: dead\\n[ -d /proc/999999999 ] && exit 101\\nexit 0\\n' > ${policy}; chmod 755 ${policy}; ${policy}`,
    );
    expect(await host.exec(installScript({ ...declared, packages: ["libssh2-1", "libyajl2"] }))).toBe(
      "libssh2-1\nlibyajl2\n",
    );
    expect((await host.tryExec(`ls ${policy} ${listed}.before`)).stdout).toBe("");
    await host.exec(`${apt} install --no-install-recommends curl >&2`);
    const refused = await host.tryExec(removeScript(declared));
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toMatch(/nothing was purged: these need what would go.* curl/);
    expect(await host.exec("dpkg-query -W -f='${db:Status-Status}' libssh2-1")).toBe("installed");
    // One that leaves the declaration goes at once; the other when nobody needs it.
    expect(await host.exec(installScript(declared))).toBe("libssh2-1\n");
    await host.exec(`${apt} purge --autoremove curl >&2; ${removeScript(declared)}`);
    expect(
      (await host.tryExec(`dpkg-query -W -f='\${db:Status-Status}' libssh2-1; ls /var/lib/pgstead`)).stdout,
    ).toBe("");
  });
});
