import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createContext } from "../../infra/toolchain/context";
import { locateDevStack } from "../../infra/toolchain/dev-stack";
import { preview } from "../support/changes";
import { makeCheckout, type Checkout } from "../support/checkout";

let checkout: Checkout;

beforeAll(async () => {
  checkout = await makeCheckout();
});

afterAll(async () => {
  await checkout.remove();
});

test("every mistake of a configuration is told at once, and nothing is made", async () => {
  await checkout.configure(["pgstead:roles", "app", "conectionLimit"], 5);
  await checkout.configure(["pgstead:roles", "owner"], { login: true });
  await checkout.configure(["pgstead:database", "extensions", 0], "uuid_ossp");
  const { exitCode, text } = await checkout.run("infra/toolchain/start.ts", [], { exitCode: "any" });
  expect(exitCode).not.toBe(0);
  expect(text).toContain("conectionLimit");
  expect(text).toContain("connectionLimit");
  expect(text).toContain("pgstead:roles.owner");
  expect(text).toContain("uuid-ossp");
  expect(text).not.toMatch(/^\s+at .+:\d+:\d+\)?$/m); // no stack trace: the mistake is the user's
  await checkout.configure(["pgstead:roles", "app", "conectionLimit"], undefined);
  await checkout.configure(["pgstead:roles", "owner"], undefined);
  await checkout.configure(["pgstead:database", "extensions", 0], "uuid-ossp");
});

test("a run that is cancelled in the middle leaves a state from which the next one goes on", async () => {
  await interruptedStart(/initdb in|EmbeddedServer server creating/);
  await checkout.run("infra/toolchain/start.ts");
  expect((await preview(checkout)).changes).toEqual([]);
  await checkout.pulumi("destroy", "--yes");
  await interruptedStart(/Role promptforge_\w+ creating/);
  await checkout.run("infra/toolchain/start.ts");
  expect((await preview(checkout)).changes).toEqual([]);
});

test("a run whose Pulumi is killed while it creates leaves a state from which the next one goes on", async () => {
  const said: string[] = [];
  for (const moment of [/Role promptforge_\w+ creating/, /Extension promptforge-\w+ creating/]) {
    await checkout.pulumi("destroy", "--yes");
    await interruptedStart(moment, killPulumi);
    said.push((await checkout.run("infra/toolchain/start.ts")).text);
    expect((await preview(checkout)).changes).toEqual([]);
    expect(await checkout.pulumi("refresh", "--yes")).toMatchObject({ exitCode: 0 });
  }
  expect(said.join()).toContain("an earlier run was killed: going on from there");
});

/** As the kernel does where memory is short: Pulumi alone, without a word. Its lock has its number. */
function killPulumi(): void {
  const { locks } = locateDevStack(createContext(checkout.env, checkout.directory));
  for (const name of readdirSync(locks).filter((name) => name.endsWith(".json"))) {
    const { pid } = JSON.parse(readFileSync(join(locks, name), "utf8")) as { pid: number };
    process.kill(pid, "SIGKILL");
  }
}

/** Starts as a user would and presses Ctrl-C as soon as the output says so: the whole process group gets SIGINT. */
function interruptedStart(
  moment: RegExp,
  interrupt = (group: number): void => void process.kill(-group, "SIGINT"),
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["infra/toolchain/run.cjs", "infra/toolchain/start.ts"], {
      cwd: checkout.directory,
      env: checkout.env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    let interrupted = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        if (interrupted || !moment.test(text)) return;
        interrupted = true;
        interrupt(child.pid!);
      });
    }
    child.on("error", reject);
    child.on("close", (code) => {
      if (interrupted && code !== 0) resolve();
      else reject(new Error(`was not interrupted (exit code ${code ?? "none"}):\n${text}`));
    });
  });
}
