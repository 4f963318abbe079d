import { spawn } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
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

/** Starts as a user would and presses Ctrl-C as soon as the output says so: the whole process group gets SIGINT. */
function interruptedStart(moment: RegExp): Promise<void> {
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
        process.kill(-child.pid!, "SIGINT");
      });
    }
    child.on("error", reject);
    child.on("close", (code) => {
      if (interrupted && code !== 0) resolve();
      else reject(new Error(`was not interrupted (exit code ${code ?? "none"}):\n${text}`));
    });
  });
}
