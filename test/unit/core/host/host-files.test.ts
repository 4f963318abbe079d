import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { certificateSettings, reloadServerScript } from "../../../../components/core/host/certificate";
import {
  activateScript,
  collectorsOf,
  renderExporterEnvironment,
  renderExporterUnit,
  type HostExporterPlan,
} from "../../../../components/core/host/exporter";
import type {
  DesiredHostFile,
  DesiredHostFiles,
  LiveHost,
} from "../../../../components/core/host/file-model";
import {
  assumeHost,
  ownDirectories,
  planHostFiles,
  type HostFilesBefore,
} from "../../../../components/core/host/file-plan";
import { readScript, writeScript } from "../../../../components/core/host/file-scripts";
import { keyForPlugin, pluginLogin } from "../../../../components/core/host/login";
import { hostPrefix, markedStack, markerLines } from "../../../../components/core/host/marker";
import { parseMeans, refuseNeeds, refusePasswordOnly } from "../../../../components/core/host/needs";
import { installScript, removeScript } from "../../../../components/core/host/packages";
import { nextRevision } from "../../../../components/core/host/revision";
import { explainHostWrite } from "../../../../components/core/host/write-failure";

const stack = "shop/prod";

function file(changes: Partial<DesiredHostFile> = {}): DesiredHostFile {
  return { content: "new\n", hash: "new", mode: "0644", owner: "root", secret: false, ...changes };
}

function desired(changes: Partial<DesiredHostFiles> = {}): DesiredHostFiles {
  return { host: "deploy@db1:22", stack, files: { "/etc/a": file() }, directories: {}, ...changes };
}

const host: LiveHost = {
  entries: {},
  directories: ["/etc"],
  accounts: { root: "root", postgres: "postgres" },
  groups: ["ssl-cert"],
};

const found = (changes: object = {}): LiveHost => ({
  ...host,
  entries: {
    "/etc/a": { kind: "file", owner: "root:root", mode: "0644", hash: "new", text: "new\n", ...changes },
  },
});

const shown = (wanted: DesiredHostFiles, before: HostFilesBefore | undefined, live: LiveHost): string[] =>
  planHostFiles(wanted, before, live, ".pgstead-draft-k-").plan.statements.map(
    ({ sql, reason }) => `${sql}: ${reason}`,
  );

describe("the plan of files on a host", () => {
  test("is empty where all is as declared, and says what is not", () => {
    expect(shown(desired(), undefined, found())).toEqual([]);
    expect(shown(desired(), undefined, host)).toEqual([
      "write /etc/a on deploy@db1:22: it is not there; owner root:root, mode 0644, 1 line",
    ]);
    expect(shown(desired(), undefined, found({ mode: "0600", owner: "1005:root" }))).toEqual([
      "set owner root:root and mode 0644 of /etc/a on deploy@db1:22: it has 1005:root and 0600",
    ]);
    const before = { files: { "/etc/a": file() }, directories: {}, made: [] };
    expect(shown(desired(), before, found({ hash: "old", text: "old\n" }))).toEqual([
      "write /etc/a on deploy@db1:22: its content changed: 1 added, 1 removed",
    ]);
    const secret = desired({ files: { "/etc/a": file({ secret: true, mode: "0600" }) } });
    expect(shown(secret, before, found({ hash: "old" }))).toEqual([
      "write /etc/a on deploy@db1:22: its content changed; it is a secret",
    ]);
  });

  test("refuses what is not the stack's, and takes what is", () => {
    const refused = (live: LiveHost): string[] =>
      planHostFiles(desired(), undefined, live, "x").plan.refusals.map(({ message }) => message);
    expect(refused(found({ hash: "other", text: "somebody's" }))).toEqual([
      "a file is there already that pgstead has not written",
    ]);
    expect(refused(found({ hash: "other", text: markerLines("shop/test") }))).toEqual([
      "it is of another stack, shop/test",
    ]);
    expect(refused(found({ hash: "other", text: `#!/bin/sh\n${markerLines(stack)}old` }))).toEqual([]);
    for (const kind of ["link", "directory", "other"]) expect(refused(found({ kind }))).toHaveLength(1);
    expect(refused({ ...host, accounts: {} })).toEqual(["it is not there, and /etc/a is to be its own"]);
    expect(refused({ ...host, directories: [] })).toEqual(["there is no directory /etc"]);
  });

  test("removes what left the declaration, directories of its own, and drafts", () => {
    const before = {
      files: { "/etc/b": file(), "/etc/pgstead/c": file() },
      directories: {
        "/etc/pgstead": { mode: "0755", owner: "root" },
        "/srv": { mode: "0755", owner: "root" },
      },
      made: [],
    };
    const one = { kind: "file" as const, owner: "root:root", mode: "0644", hash: "new" };
    const directory = { ...one, kind: "directory" as const, mode: "0755", hash: "" };
    const live: LiveHost = {
      ...host,
      entries: {
        ...found().entries,
        "/etc/b": one,
        "/etc/pgstead": directory,
        "/srv": directory,
        "/etc/.pgstead-draft-k-1": directory,
      },
    };
    const plan = planHostFiles(desired(), before, live, ".pgstead-draft-k-");
    expect(plan).toMatchObject({
      write: [],
      remove: ["/etc/b"],
      leave: ["/etc/pgstead"],
      drafts: ["/etc/.pgstead-draft-k-1"],
    });
    expect(ownDirectories({ ...before, made: ["/srv"] })).toEqual(["/srv", "/etc/pgstead"]);
  });

  test("without the host tells what the declaration changes", () => {
    const before = {
      files: { "/etc/a": file({ hash: "old", content: "old\n" }) },
      directories: {},
      made: [],
    };
    expect(shown(desired(), before, assumeHost(desired(), before))).toEqual([
      "write /etc/a on deploy@db1:22: its content changed: 1 added, 1 removed",
    ]);
  });
});

describe("scripts for a host", () => {
  const odd = "/etc/it's; rm -rf $HOME";
  const scripts = [
    readScript({ paths: [odd], parents: ["/etc"], accounts: ["root"], groups: [], draftPrefix: ".d-" }),
    writeScript({
      make: [{ path: "/etc/pgstead", mode: "0755", owner: "root:root" }],
      drafts: [{ parent: "/etc", draft: "/etc/.d-1" }],
      moves: [{ from: "/etc/.d-1/f0", to: odd }],
      remove: [odd],
      leave: ["/etc/pgstead"],
      leftovers: [],
    }),
    writeScript({ make: [], drafts: [], moves: [], remove: [], leave: [], leftovers: [] }),
    installScript({ stack, packages: ["pgbackrest"], purge: true }),
    installScript({ stack, packages: ["pgbackrest"], purge: false }),
    removeScript({ stack, purge: true }),
    removeScript({ stack, purge: false }),
    reloadServerScript({ cluster: "17/main", port: 5432 }, "a.1"),
    reloadServerScript({ cluster: undefined, port: 5432 }, "a.1"),
    activateScript("pgstead-shop-prod-exporter.service", "a.1"),
  ];

  test.each(scripts.map((script, index) => [index, script] as const))("are shell: %i", (_index, script) => {
    execFileSync("/bin/sh", ["-n", "-c", script]);
    // A name with anything in it stays one word.
    expect(script.includes("rm -rf $HOME") ? script.includes(`'/etc/it'\\''s; rm -rf $HOME'`) : true).toBe(
      true,
    );
  });

  test("say what failed, and that the old files stay", () => {
    const words = (said: string): string => explainHostWrite("db1", said).message;
    expect(words("tar: f0: Cannot write: No space left on device")).toContain("there is no room for them");
    expect(words("tar: f0: Wrote only 512 of 10240 bytes")).toContain("there is no room for them");
    expect(words("mkdir: cannot create: Read-only file system")).toContain(
      "the file system there is read-only",
    );
    expect(words("mv: cannot move: Operation not permitted")).toContain("lsattr");
    expect(words("")).toContain("it ended without a word");
  });
});

describe("what a host is told of its stack", () => {
  test("is found in the first lines, whatever the comment, and in no other", () => {
    expect(markedStack(markerLines(stack))).toBe(stack);
    expect(markedStack(`#!/bin/sh\n${markerLines(stack, "//")}`)).toBe(stack);
    expect(markedStack(`${"\n".repeat(9)}${markerLines(stack)}`)).toBeUndefined();
    expect(markedStack(undefined)).toBeUndefined();
    expect(hostPrefix("shop/eu.prod")).toBe("pgstead-shop-eu-prod");
  });

  test("a revision changes with each write, and is known before", () => {
    expect([nextRevision("ab.1"), nextRevision("ab.19"), nextRevision("ab")]).toEqual([
      "ab.2",
      "ab.20",
      "ab.2",
    ]);
  });

  test("what it lacks is refused for each part that needs it", () => {
    const needs = { systemd: ["exporter"], apt: ["package pgbackrest"] };
    expect(refuseNeeds("db1", needs, parseMeans("systemd\napt\n"))).toEqual([]);
    expect(refuseNeeds("db1", needs, parseMeans("")).map(({ subject }) => subject)).toEqual([
      "exporter",
      "package pgbackrest",
    ]);
  });

  test("a way that only a password opens is refused, hop by hop", () => {
    const hop = { host: "db1", port: 22, user: "deploy", dialErrorLimit: 0, dialTimeout: 1 };
    const trust = { kind: "anybody" as const };
    const keyed = { ...hop, trust, privateKey: "a key" };
    expect(refusePasswordOnly({ ...keyed, password: "p" })).toEqual([]);
    expect(refusePasswordOnly({ ...hop, trust, agentSocket: "/run/agent" })).toEqual([]);
    const [refused, ...more] = refusePasswordOnly({ ...keyed, bastion: { ...hop, trust, password: "p" } });
    expect(refused?.subject).toBe("pgstead:server.onHost on deploy@db1:22");
    expect(more).toEqual([]);
  });

  test("the plugin is told the key that Go's library asks for first", () => {
    const keys = ["ssh-ed25519 A", "ssh-rsa B", "ecdsa-sha2-nistp256 C"];
    expect(keyForPlugin({ shown: "ssh-ed25519 A", all: keys })).toBe("ecdsa-sha2-nistp256 C");
    expect(keyForPlugin({ shown: "ssh-ed25519 A", all: keys.slice(0, 2) })).toBe("ssh-rsa B");
    expect(keyForPlugin({ shown: "ssh-ed25519 A", all: [] })).toBe("ssh-ed25519 A");
    const ssh = { host: "db1", port: 22, user: "deploy", keyFile: "/root/.ssh/key" };
    const login = pluginLogin({ ssh, become: "sudo" }, { host: { shown: "ssh-ed25519 A", all: [] } });
    expect(login).toEqual({ host: "db1", port: 22, user: "deploy", hostKey: "ssh-ed25519 A" });
  });
});

describe("an exporter on a host", () => {
  const plan: HostExporterPlan = {
    stack,
    listen: "127.0.0.1:9187",
    server: { host: "::1", port: 5433 },
    tls: false,
    role: "shop_monitor",
    database: "shop",
    statements: true,
  };

  test("has its password in its environment, and nowhere else", () => {
    const environment = renderExporterEnvironment(plan, 'a"b\\c$d');
    expect(environment).toContain(
      'DATA_SOURCE_URI="[::1]:5433/shop?sslmode=disable&application_name=postgres_exporter"',
    );
    expect(environment).toContain('DATA_SOURCE_PASS="a\\"b\\\\c\\$d"');
    const unit = renderExporterUnit(plan);
    expect(markedStack(unit)).toBe(stack);
    expect(unit).toContain("EnvironmentFile=/etc/pgstead/shop-prod/exporter.env");
    expect(unit).toContain("--web.listen-address=127.0.0.1:9187");
    expect(collectorsOf(plan)).toContain("stat_statements");
    expect(collectorsOf({ statements: false })).not.toContain("stat_statements");
  });

  test("is started by a line that systemd hands to a shell as it is meant", () => {
    const [, line = ""] = /^ExecStart=\/bin\/sh -c '(.*)'$/m.exec(renderExporterUnit(plan)) ?? [];
    const script = line.replaceAll("$$", "$").replaceAll("prometheus-postgres-exporter", "fake");
    const fake = `fake() { if [ "$1" = --help ]; then echo "--collector.postmaster --collector.stat_statements"; else echo "$@"; fi; }; `;
    const said = execFileSync("/bin/sh", ["-c", `${fake}${script.replace("exec fake", "fake")}`], {
      encoding: "utf8",
    });
    expect(said.trim()).toBe(
      "--web.listen-address=127.0.0.1:9187 --collector.postmaster --collector.stat_statements",
    );
  });

  test("a certificate's settings name files of the stack's own", () => {
    expect(certificateSettings("prod")).toEqual({
      ssl: "on",
      ssl_cert_file: "/etc/pgstead/prod-tls/server.crt",
      ssl_key_file: "/etc/pgstead/prod-tls/server.key",
    });
  });
});
