import { execFileSync, spawn } from "node:child_process";
import { chmod, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { serverAccount } from "../../components/io/os-account";
import { cacheHome } from "../../infra/toolchain/context";
import { copyProject } from "../support/checkout";
import { freePort, temporaryDirectory } from "../support/server";

/** An account that is not root's: that of the server where this runs as root, else this one. */
const account = serverAccount();
let place: string;

beforeAll(async () => {
  place = await temporaryDirectory();
});

afterAll(async () => {
  await rm(place, { recursive: true, force: true });
});

/** Makes a home directory of mode 0700 with a fresh clone in it, node_modules not installed. */
async function makeHome(name: string, owner: { uid: number; gid: number } | undefined): Promise<string> {
  const home = join(place, name);
  const clone = join(home, "a clone");
  await mkdir(home);
  await chmod(home, 0o700);
  await copyProject(clone, { modules: false });
  const file = join(clone, "Pulumi.dev.yaml");
  const document = parseDocument(await readFile(file, "utf8"));
  document.setIn(["config", "pgstead:server", "port"], await freePort());
  await writeFile(file, document.toString());
  // The toolchain as an earlier run of this user left it: what it takes to build is proven elsewhere.
  await cp(cacheHome(process.env), join(home, ".cache", "pgstead"), { recursive: true });
  if (owner !== undefined) execFileSync("chown", ["-R", `${owner.uid}:${owner.gid}`, home]);
  return home;
}

function npm(
  home: string,
  env: NodeJS.ProcessEnv,
  owner: typeof account,
  ...args: string[]
): Promise<{ readonly stdout: string; readonly all: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn("npm", args, {
      cwd: join(home, "a clone"),
      // Nothing of ours: no settings, no npm configuration of a surrounding `npm test`.
      env: { PATH: process.env.PATH, HOME: home, TMPDIR: place, NO_COLOR: "1", ...env },
      ...(owner === undefined ? {} : { uid: owner.uid, gid: owner.gid }),
    });
    let all = "";
    let stdout = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => (all += chunk));
    }
    child.stdout.on("data", (chunk: string) => (stdout += chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve({ stdout, all });
      else reject(new Error(`npm ${args.join(" ")} ended with ${code ?? "a signal"}:\n${all}`));
    });
  });
}

test("npm start works for an ordinary user in a home of mode 0700, from a clone without node_modules", async () => {
  const home = await makeHome("user", account);
  await chmod(place, 0o777); // TMPDIR of that user
  const { all: first } = await npm(home, {}, account, "start");
  expect(first).toContain("installing npm dependencies");
  expect(first).toContain("promptforge_app");
  const { stdout } = await npm(home, {}, account, "run", "--silent", "ops", "--", "status", "--json");
  expect(JSON.parse(stdout)).toMatchObject({ stack: "dev" });
  await npm(home, {}, account, "run", "pulumi", "--", "destroy", "--yes");
});

test.skipIf(account === undefined)("npm start works for root below a home of mode 0700", async () => {
  const home = await makeHome("root", undefined);
  // In place of /var/lib/pgstead, which belongs to the servers of this machine.
  const env = { PGSTEAD_DATA: join(place, "data of root") };
  expect((await npm(home, env, undefined, "start")).all).toContain("promptforge_app");
  await npm(home, env, undefined, "run", "pulumi", "--", "destroy", "--yes");
});
