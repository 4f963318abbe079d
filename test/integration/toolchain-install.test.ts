import { existsSync, readdirSync } from "node:fs";
import { appendFile, cp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { projectRoot } from "../../components/io/places";
import { makeMachine, start, type Machine, type Run } from "./toolchain-fakes";

const realModules = join(projectRoot(), "node_modules");

let machine: Machine;
let checkout: string;
let temporary: string;
beforeEach(async () => {
  machine = await makeMachine();
  temporary = join(machine.home, "tmp");
  await mkdir(temporary);
  machine.env.TMPDIR = temporary;
  checkout = join(machine.home, "a clone");
  for (const part of ["infra", "components", "package.json", "package-lock.json", "Pulumi.yaml"]) {
    await cp(join(projectRoot(), part), join(checkout, part), { recursive: true });
  }
  await writeFile(join(checkout, "hello.ts"), `console.log("hello" as string);\n`);
  await machine.script("npm", fakeNpm);
});
afterEach(() => machine.remove());

/** Each install is a line in `installs`; while there is a file `slow` it does not end. */
const fakeNpm = `
[ -e node_modules/half ] && [ -e "$HOME/busy" ] && echo "two at once" >> "$HOME/faults"
touch "$HOME/busy"
echo "$$ $*" >> "$HOME/installs"
rm -rf node_modules; mkdir node_modules; touch node_modules/half
while [ -e "$HOME/slow" ]; do sleep 0.1; done
[ -e "$HOME/broken" ] && { rm "$HOME/busy"; echo "npm error network" >&2; exit 1; }
sleep 0.5
ln -s "${realModules}/esbuild" "${realModules}/@esbuild" node_modules/
rm node_modules/half "$HOME/busy"`;

const hello = (): Run => start(machine.env, "hello.ts", [], "", checkout);
const doctor = (...args: string[]): Run =>
  start(machine.env, "infra/toolchain/doctor/doctor.ts", args, "", checkout);
const installs = () => machine.lines("installs");

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await sleep(50);
}

describe("the npm packages of a fresh clone", () => {
  test("are installed once, and the next start looks at one file", async () => {
    expect((await hello().ended).stdout).toBe("hello\n");
    const second = await hello().ended;
    expect([second.exitCode, second.stdout, second.stderr]).toEqual([0, "hello\n", ""]);
    expect(await installs()).toHaveLength(1);
  });

  test("are installed once by two first starts: the second waits, says so, and finds nothing to do", async () => {
    const runs = await Promise.all([hello().ended, hello().ended, hello().ended]);
    expect(runs.map(({ exitCode, stdout }) => [exitCode, stdout])).toEqual(runs.map(() => [0, "hello\n"]));
    expect(await installs()).toHaveLength(1);
    const waiting =
      /another run \(process \d+\) is installing the npm dependencies of this checkout: waiting/;
    expect(runs.filter(({ stderr }) => waiting.test(stderr))).toHaveLength(2);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("of which an install was killed are installed anew at once", async () => {
    await writeFile(join(machine.home, "slow"), "");
    const first = hello();
    await until(async () => (await installs()).length === 1);
    await sleep(300); // npm's number is in the lock by now
    first.child.kill("SIGKILL");
    process.kill(await npmProcess(), "SIGKILL");
    await first.ended;
    await rm(join(machine.home, "slow"));
    const second = await hello().ended;
    expect([second.exitCode, second.stdout]).toEqual([0, "hello\n"]);
    expect(second.seconds).toBeLessThan(15);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("of which only the start was killed are left alone until its npm has ended", async () => {
    await writeFile(join(machine.home, "slow"), "");
    const first = hello();
    await until(async () => (await installs()).length === 1);
    await sleep(300);
    first.child.kill("SIGKILL");
    await first.ended;
    const second = hello();
    await sleep(1000);
    expect(await installs()).toHaveLength(1);
    await rm(join(machine.home, "slow"));
    expect((await second.ended).stdout).toBe("hello\n");
    expect(await installs()).toHaveLength(2); // the killed start could not say that it was complete
    expect(await machine.lines("faults")).toEqual([]);
  });

  test("that cannot be installed are one error, and nothing stays locked", async () => {
    await writeFile(join(machine.home, "broken"), "");
    const { exitCode, stderr } = await hello().ended;
    expect(exitCode).toBe(2);
    expect(stderr).toContain("npm error network");
    expect(stderr).toContain("hint: is the npm registry reachable");
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("cannot be installed without npm, which is said", async () => {
    const { exitCode, stderr } = await start(
      { ...machine.env, PATH: temporary },
      "hello.ts",
      [],
      "",
      checkout,
    ).ended;
    expect([exitCode, await installs()]).toEqual([2, []]);
    expect(stderr).toContain("hint: npm comes with Node: is it on PATH?");
  });

  test("are there, and the sources cannot be compiled below them: one error with a hint", async () => {
    await hello().ended;
    await rm(join(checkout, "node_modules", ".cache"), { recursive: true });
    await writeFile(join(checkout, "node_modules", ".cache"), "a file, as on a disk that cannot be written");
    const { exitCode, stderr } = await hello().ended;
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /^pgstead: the sources of this checkout cannot be compiled: .*\n {2}hint: this account/,
    );
    expect(stderr).not.toContain("    at ");
  });

  test("cannot be installed without a temporary directory for the lock, which is said", async () => {
    await rm(temporary, { recursive: true });
    const { exitCode, stderr } = await hello().ended;
    expect([exitCode, await installs()]).toEqual([2, []]);
    expect(stderr).toContain(temporary);
    expect(stderr).toContain("hint: set TMPDIR");
    expect(stderr).not.toContain("    at ");
  });

  async function npmProcess(): Promise<number> {
    return Number((await installs())[0]?.split(" ")[0]);
  }
});

describe("the doctor of a fresh clone", () => {
  test("installs nothing, and says that the packages are to get", async () => {
    const { exitCode, stdout, stderr } = await doctor().ended;
    expect([exitCode, stderr]).toEqual([1, ""]);
    expect(stdout).toMatch(/ok {7}node/);
    expect(stdout).toMatch(/to get {3}npm packages {2}`npm ci` brings what package-lock\.json says/);
    expect(stdout).toContain("the rest");
    expect(await installs()).toEqual([]);
    expect(existsSync(join(checkout, "node_modules"))).toBe(false);
  });

  test("says the same to programs", async () => {
    const { exitCode, stdout } = await doctor("--json").ended;
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      exitCode: 1,
      findings: [
        { name: "node", state: "ok", version: process.versions.node, place: process.execPath },
        { name: "npm packages", state: "fetch", place: join(checkout, "node_modules") },
      ],
    });
    expect(await installs()).toEqual([]);
  });

  test("knows its options", async () => {
    expect((await doctor("--help").ended).exitCode).toBe(0);
    expect(await doctor("--jason").ended).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("--jason is not an option of doctor") as string,
    });
  });

  test("looks at everything where the packages are merely older than the lock file", async () => {
    await symlink(realModules, join(checkout, "node_modules"));
    await appendFile(join(checkout, "package-lock.json"), "\n");
    const { exitCode, stdout } = await doctor("--json").ended;
    const { findings } = JSON.parse(stdout) as { findings: { name: string; state: string }[] };
    expect(exitCode).toBe(2); // neither Pulumi nor Go
    expect(findings.find(({ name }) => name === "npm packages")?.state).toBe("fetch");
    expect(findings.map(({ name }) => name)).toContain("pulumi");
    expect(await installs()).toEqual([]);
  });

  test("is not fooled by packages of which an install was interrupted", async () => {
    await mkdir(join(checkout, "node_modules", "esbuild"), { recursive: true });
    const { exitCode, stdout, stderr } = await doctor().ended;
    expect([exitCode, stderr]).toEqual([1, ""]);
    expect(stdout).toContain("npm packages");
    expect(await installs()).toEqual([]);
  });
});
