import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { opsBundleFile } from "../../components/core/ops-bundle";
import { connectDocker } from "../../components/io/docker/engine";
import { projectRoot } from "../../components/io/places";
import { ensureBaseImage } from "../../infra/toolchain/docker/base-image";
import { createContext } from "../../infra/toolchain/context";
import { sha256 } from "../../infra/ops-bundle";
import { buildImage, buildTestImage, testImages, type ImageName } from "../support/docker-images";
import { runOnce } from "../support/docker-server";

const docker = connectDocker({});
const names = Object.keys(testImages) as ImageName[];
const run = (image: ImageName, script: string): Promise<string> =>
  runOnce(docker, testImages[image], ["sh", "-euc", script]);

beforeAll(async () => {
  for (const name of names) await buildTestImage(docker, name);
});

describe.each(names)("the image %s", (name) => {
  test("has no build tools, and no list of packages that could be installed", async () => {
    const tools = "cc gcc g++ make ld as git curl wget npm pip python3 debootstrap";
    expect(await run(name, `for tool in ${tools}; do command -v $tool || :; done`)).toBe("");
    expect(await run(name, "ls /var/lib/apt/lists /var/cache/apt")).not.toMatch(/Packages|\.deb|\.bin/);
  });

  test("has no program that takes another account's rights", async () => {
    expect(await run(name, "find / -xdev -type f -perm /6000 2>/dev/null || :")).toBe("");
  });

  test("has no private key", async () => {
    expect(await run(name, "find /etc /usr/share /var -xdev -name '*.key' 2>/dev/null || :")).toBe("");
  });

  test("says what is in it", async () => {
    const packages = (await run(name, "cat /usr/share/pgstead/packages.txt")).split("\n");
    const wanted = { postgres: "pgbackrest", ops: "nodejs", monitoring: "prometheus" }[name];
    expect(packages.some((line) => line.startsWith(`${wanted} `))).toBe(true);
    expect(packages).toEqual((await run(name, "dpkg-query -W -f='${Package} ${Version}\\n'")).split("\n"));
  });

  test("runs as an account of a fixed number, which owns what is mounted", async () => {
    const id = name === "monitoring" ? 990 : 999;
    expect((await docker.getImage(testImages[name]).inspect()).Config.User).toBe(`${id}:${id}`);
    const places = {
      postgres:
        "/var/lib/postgresql/data /var/run/postgresql /var/log/postgresql /var/lib/pgbackrest /etc/pgstead/server",
      ops: "/etc/pgstead/ops /etc/pgstead/server /var/run/postgresql",
      monitoring: "/etc/pgstead/monitoring /var/lib/prometheus /var/lib/alertmanager",
    }[name];
    const owners = await run(name, `stat -L -c %u:%g ${places}`);
    expect(new Set(owners.split("\n"))).toEqual(new Set([`${id}:${id}`]));
  });
});

describe("the programs", () => {
  test("of PostgreSQL are of one version, and the declared extensions come with them", async () => {
    const printed = await run(
      "postgres",
      "for program in postgres psql pg_dump pg_restore pg_basebackup initdb; do $program --version; done | grep -oE '17\\.[0-9]+' | sort -u; pgbackrest version; zstd --version; locale | head -1",
    );
    expect(printed).toMatch(/^17\.\d+\npgBackRest 2\.\d+[^]*LANG=C\.UTF-8$/);
    expect(printed).toContain("Zstandard");
    const controls = await run("postgres", "ls /usr/share/postgresql/17/extension/*.control");
    for (const extension of [
      "uuid-ossp",
      "pgcrypto",
      "pg_stat_statements",
      "pg_trgm",
      "btree_gin",
      "pgaudit",
    ])
      expect(controls).toContain(`/${extension}.control`);
  });

  test("of the operations run the bundle of this checkout", async () => {
    const { Config } = await docker.getImage(testImages.ops).inspect();
    expect([...((Config.Entrypoint ?? []) as string[]), ...Config.Cmd]).toEqual([
      "node",
      "/usr/lib/pgstead/ops.cjs",
      "schedule",
    ]);
    const bundle = sha256(readFileSync(join(projectRoot(), opsBundleFile)));
    expect(await run("ops", "sha256sum /usr/lib/pgstead/ops.cjs")).toContain(bundle);
    expect(await run("ops", "node --version; age --version; pgbackrest version; pg_dump --version")).toMatch(
      /^v\d+[^]*pgBackRest[^]*PostgreSQL\) 17\./,
    );
  });

  test("of the monitoring run without a writable root", async () => {
    const printed = await run(
      "monitoring",
      "prometheus --version; prometheus-alertmanager --version; prometheus-postgres-exporter --version; prometheus-node-exporter --version; promtool --version; amtool --version",
    );
    for (const program of [
      "prometheus",
      "alertmanager",
      "postgres_exporter",
      "node_exporter",
      "promtool",
      "amtool",
    ])
      expect(printed).toContain(`${program}, version`);
  });
});

test("a stack's images carry its name", async () => {
  const base = await ensureBaseImage(createContext(), docker);
  const tag = "pgstead-test-label:1";
  await buildImage(docker, "monitoring", tag, { BASE: base, STACK: "organization/pgstead/shop" });
  try {
    const { Config } = await docker.getImage(tag).inspect();
    expect(Config.Labels).toMatchObject({ "pgstead.image": "organization/pgstead/shop" });
  } finally {
    await docker.getImage(tag).remove();
  }
});

test("another version than Debian's is refused when the image is built", async () => {
  const base = await ensureBaseImage(createContext(), docker);
  const building = buildImage(docker, "postgres", "pgstead-test-postgres:16", {
    BASE: base,
    POSTGRES_VERSION: "16",
  });
  await expect(building).rejects.toThrow(
    /Debian trixie has PostgreSQL 17\.\d+, POSTGRES_VERSION is 16: set it to 17\.\d+/,
  );
});

const hasShellcheck = spawnSync("shellcheck", ["--version"]).status === 0;

test.skipIf(!hasShellcheck)("the shell of the images and of the CI has no finding of shellcheck", () => {
  const files = ["infra/images/postgres/entrypoint.sh", "infra/images/postgres/generation.sh", ".ci/run"];
  expect(execFileSync("shellcheck", ["-x", ...files], { cwd: projectRoot(), encoding: "utf8" })).toBe("");
});
