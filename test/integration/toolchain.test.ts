import { existsSync, readdirSync } from "node:fs";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  downloadSite,
  fakeGo,
  fakePulumi,
  makeMachine,
  pulumiArchive,
  silentSite,
  start,
  type Machine,
} from "./toolchain-fakes";

let machine: Machine;
beforeEach(async () => {
  machine = await makeMachine();
});
afterEach(() => machine.remove());

const cached = () => join(machine.home, "cache", "pulumi", `v3.245.0-${process.platform}-${process.arch}`);
/** What lies beside the finished Pulumi: drafts and locks. */
const leftovers = () => readdirSync(join(cached(), "..")).filter((name) => !cached().endsWith(`/${name}`));

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await sleep(50);
}

describe("a Pulumi on PATH", () => {
  test("is used when it is new enough and has its language host", async () => {
    await machine.script("pulumi", fakePulumi("3.230.0"));
    await machine.script("pulumi-language-nodejs", "exit 0");
    const { exitCode, stdout, stderr } = await machine.pulumi("version").ended;
    expect([exitCode, stdout, stderr]).toEqual([0, "v3.230.0\n", ""]);
  });

  test("is explained and passed over when it is too old, and one further down the PATH is found", async () => {
    await machine.script("pulumi", fakePulumi("3.100.0"));
    const better = join(machine.home, "opt");
    await machine.script("pulumi", fakePulumi("3.240.0"), better);
    await machine.script("pulumi-language-nodejs", "exit 0", better);
    machine.env.PATH = `${machine.path}:${better}`;
    const { stdout, stderr } = await machine.pulumi("version").ended;
    expect(stdout).toBe("v3.240.0\n");
    expect(stderr).toMatch(/pgstead: .*bin\/pulumi is version 3\.100\.0, older than 3\.200\.0: passed over/);
  });

  test("that is broken is explained, and Pulumi is built instead", async () => {
    await machine.script("pulumi", "echo oops >&2; exit 3");
    await machine.script("go", fakeGo());
    const { exitCode, stdout, stderr } = await machine.pulumi("version").ended;
    expect([exitCode, stdout]).toEqual([0, "v3.245.0\n"]);
    expect(stderr).toContain("does not answer `pulumi version` with a version: passed over");
    expect(stderr).toContain("building pulumi 3.245.0 from Go modules …");
  });
});

describe("a build from Go modules", () => {
  test("is made once, and the next run uses the cache without Go or network", async () => {
    await machine.script("go", fakeGo());
    await machine.pulumi("version").ended;
    expect(await machine.lines("builds")).toHaveLength(2); // the CLI and its language host
    await machine.script("go", "exit 1");
    const site = await silentSite();
    machine.env.PGSTEAD_DOWNLOAD_SITE = site.url;
    const second = await machine.pulumi("version").ended;
    site.close();
    expect([second.exitCode, second.stdout, second.stderr]).toEqual([0, "v3.245.0\n", ""]);
    expect(site.requests()).toBe(0);
  });

  test("is made once by two runs at the same time: the second waits for the first", async () => {
    await machine.script("go", fakeGo("sleep 1"));
    const runs = await Promise.all([machine.pulumi("version").ended, machine.pulumi("version").ended]);
    expect(runs.map(({ exitCode, stdout }) => [exitCode, stdout])).toEqual([
      [0, "v3.245.0\n"],
      [0, "v3.245.0\n"],
    ]);
    expect(await machine.lines("builds")).toHaveLength(2);
    expect(runs.map(({ stderr }) => stderr).join()).toMatch(
      /another run is getting Pulumi: waiting for it \(one that was killed counts as gone after 10 s\)/,
    );
    expect(leftovers()).toEqual([]);
  });

  test("that is killed leaves nothing half, and the next run repairs it by itself", async () => {
    await machine.script("go", fakeGo("[ -e $HOME/slow ] && sleep 20"));
    await writeFile(join(machine.home, "slow"), "");
    const first = machine.pulumi("version");
    await until(async () => (await machine.lines("builds")).length === 1);
    first.child.kill("SIGKILL");
    await first.ended;
    expect(existsSync(cached())).toBe(false);
    await rm(join(machine.home, "slow"));
    const second = await machine.pulumi("version").ended;
    expect([second.exitCode, second.stdout]).toEqual([0, "v3.245.0\n"]);
    expect(leftovers()).toEqual([]);
  });

  test("that is interrupted ends its compiler and gives the lock back", async () => {
    await machine.script("go", fakeGo("[ -e $HOME/slow ] && exec sleep 60"));
    await writeFile(join(machine.home, "slow"), "");
    const run = machine.pulumi("version");
    await until(async () => (await machine.lines("builds")).length === 1);
    const compiler = Number((await machine.lines("builds"))[0]?.split(" ")[0]);
    run.child.kill("SIGTERM");
    expect((await run.ended).exitCode).toBe(143);
    await until(() => !isRunning(compiler));
    expect(leftovers().filter((name) => name.endsWith(".lock"))).toEqual([]);
  });

  test("that fails says what Go said, and leaves nothing", async () => {
    await machine.script("go", fakeGo("echo 'proxy: dial tcp: no such host' >&2; exit 1"));
    const { exitCode, stderr } = await machine.pulumi("version").ended;
    expect(exitCode).toBe(2);
    expect(stderr).toContain("proxy: dial tcp: no such host");
    expect(stderr).toContain("hint: is a Go module proxy reachable");
    expect(existsSync(cached())).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  test("needs Go: without, one error says what to install", async () => {
    const { exitCode, stderr } = await machine.pulumi("version").ended;
    expect(exitCode).toBe(2);
    expect(stderr).toContain("Go is not installed");
    expect(stderr).toContain(
      "hint: install Pulumi (https://www.pulumi.com/docs/install/), or Go 1.25 or newer",
    );
    expect(stderr).not.toContain("    at "); // no stack trace
  });

  test("needs a Go that is new enough", async () => {
    await machine.script("go", fakeGo("", "go1.21.13"));
    const { exitCode, stderr } = await machine.pulumi("version").ended;
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringContaining("Go 1.21.13 is older than 1.25.0") as string,
    ]);
  });
});

describe("the download site", () => {
  test("costs at most three seconds when it does not answer, for Pulumi and plugins together", async () => {
    await machine.script("go", fakeGo());
    const site = await silentSite();
    machine.env.PGSTEAD_DOWNLOAD_SITE = site.url;
    const { exitCode, stdout, seconds } = await machine.pulumi("preview").ended;
    site.close();
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("preview --config-file=") as string]);
    expect(site.requests()).toBe(1);
    expect(seconds).toBeLessThan(20); // 3 s and a loaded machine's processes
  });

  test("gives Pulumi, which is compared with its published checksum", async () => {
    const { bytes, sha256 } = await pulumiArchive(machine);
    const name = `pulumi-v3.245.0-${process.platform}-${process.arch}.tar.gz`;
    const site = await downloadSite({
      [`/releases/sdk/${name}`]: bytes,
      "/releases/sdk/pulumi-3.245.0-checksums.txt": `${sha256}  ${name}\n`,
    });
    await withSystemTar();
    machine.env.PGSTEAD_DOWNLOAD_SITE = site.url;
    const { exitCode, stdout, stderr } = await machine.pulumi("version").ended;
    site.close();
    expect([exitCode, stdout]).toEqual([0, "v3.245.0\n"]);
    expect(stderr).toContain(`downloading Pulumi 3.245.0 from ${site.url}: done in`);
    expect(readdirSync(cached()).sort()).toEqual(["bin", "origin.json"]);
  });

  test("is not believed when an archive differs from its checksum: Pulumi is built", async () => {
    const { bytes } = await pulumiArchive(machine);
    const name = `pulumi-v3.245.0-${process.platform}-${process.arch}.tar.gz`;
    const site = await downloadSite({
      [`/releases/sdk/${name}`]: bytes,
      "/releases/sdk/pulumi-3.245.0-checksums.txt": `${"00".repeat(32)}  ${name}\n`,
    });
    await withSystemTar();
    await machine.script("go", fakeGo());
    machine.env.PGSTEAD_DOWNLOAD_SITE = site.url;
    const { exitCode, stderr } = await machine.pulumi("version").ended;
    site.close();
    expect(exitCode).toBe(0);
    expect(stderr).toContain("the archive differs from its published checksum");
    expect(await machine.lines("builds")).toHaveLength(2);
  });

  test.each([
    ["has no list of checksums", undefined, "the list of its checksums cannot be had there"],
    [
      "has a list without this archive",
      `${"ab".repeat(32)}  other.tar.gz\n`,
      "has no line for pulumi-v3.245.0-",
    ],
    ["has a list whose line is damaged", "damaged  ", "has no line for pulumi-v3.245.0-"],
  ])("is not believed when it %s: Pulumi is built", async (_, list, reason) => {
    const { bytes } = await pulumiArchive(machine);
    const name = `pulumi-v3.245.0-${process.platform}-${process.arch}.tar.gz`;
    const site = await downloadSite({
      [`/releases/sdk/${name}`]: bytes,
      ...(list === undefined
        ? {}
        : { "/releases/sdk/pulumi-3.245.0-checksums.txt": list === "damaged  " ? `${list}${name}\n` : list }),
    });
    await withSystemTar();
    await machine.script("go", fakeGo());
    machine.env.PGSTEAD_DOWNLOAD_SITE = site.url;
    const { exitCode, stderr } = await machine.pulumi("version").ended;
    site.close();
    expect(exitCode).toBe(0);
    expect(stderr).toContain(reason);
    expect(stderr).toContain("building it instead");
    expect(await machine.lines("builds")).toHaveLength(2);
  });

  async function withSystemTar(): Promise<void> {
    await machine.script("tar", 'exec tar "$@"');
  }
});

describe("an unusable machine", () => {
  test("a cache that cannot be written to is named, with what to set instead", async () => {
    await writeFile(join(machine.home, "file"), "");
    machine.env.PGSTEAD_CACHE = join(machine.home, "file", "cache");
    await machine.script("go", fakeGo());
    const { exitCode, stderr } = await machine.pulumi("version").ended;
    expect(exitCode).toBe(2);
    expect(stderr).toContain("this account cannot write there");
    expect(stderr).toContain("PGSTEAD_CACHE");
  });

  test.each(["PGSTEAD_CACHE", "PGSTEAD_STATE"])("a kernel's directory as %s is refused", async (name) => {
    machine.env[name] = "/proc/x"; // where Node's recursive mkdir never ends
    await machine.script("go", fakeGo());
    const run = machine.pulumi("version");
    const patience = setTimeout(() => run.child.kill("SIGKILL"), 15_000);
    const { exitCode, stderr } = await run.ended;
    clearTimeout(patience);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("/proc/x") as string]);
    expect(stderr).toContain(`hint: set ${name} to`);
  });

  test("the doctor names what is missing, builds nothing, and ends with 2", async () => {
    const { exitCode, stdout } = await start(machine.env, "infra/toolchain/doctor/doctor.ts", ["--json"])
      .ended;
    const report = JSON.parse(stdout) as { findings: { name: string; state: string; hint?: string }[] };
    expect(exitCode).toBe(2);
    expect(report.findings.find(({ name }) => name === "pulumi")).toMatchObject({
      state: "missing",
      hint: expect.stringContaining("install Pulumi") as string,
    });
    expect(report.findings.find(({ name }) => name === "node")?.state).toBe("ok");
    expect(existsSync(join(machine.home, "cache"))).toBe(false);
  });

  test("the doctor ends with 1 when the next run gets what is missing", async () => {
    await machine.script("go", fakeGo());
    const { exitCode, stdout } = await start(machine.env, "infra/toolchain/doctor/doctor.ts", []).ended;
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/to get .*pulumi .*would be built from Go modules/);
    expect(await machine.lines("builds")).toEqual([]);
  });

  test("a cached Pulumi that lost a program is made again", async () => {
    await machine.script("go", fakeGo());
    await machine.pulumi("version").ended;
    await mkdir(join(machine.home, "away"));
    await rename(join(cached(), "bin", "pulumi-language-nodejs"), join(machine.home, "away", "host"));
    const { exitCode } = await machine.pulumi("version").ended;
    expect([exitCode, (await machine.lines("builds")).length]).toEqual([0, 4]);
  });

  test("a link to a Pulumi elsewhere finds the language host beside the real one", async () => {
    const real = join(machine.home, "opt");
    await machine.script("pulumi", fakePulumi("3.222.0"), real);
    await machine.script("pulumi-language-nodejs", "exit 0", real);
    await symlink(join(real, "pulumi"), join(machine.path, "pulumi"));
    expect((await machine.pulumi("version").ended).stdout).toBe("v3.222.0\n");
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
