import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseCommand } from "../../infra/toolchain/arguments";
import { assertStackFile } from "../../infra/toolchain/stack-check";

let project: string;
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "pgstead-check-"));
});
afterAll(() => rm(project, { recursive: true }));

describe("a mistake in the stack's file that the engine would tell in fewer words", () => {
  const up = parseCommand(["up"]);
  const declared =
    "name: pgstead\nconfig:\n  pgstead:disposable: { type: boolean }\n  pgstead:roles: { type: object }\n";

  async function check(text: string, command = up): Promise<void> {
    await writeFile(join(project, "Pulumi.yaml"), declared);
    await writeFile(join(project, "Pulumi.dev.yaml"), text);
    await assertStackFile(project, command);
  }

  test("a value of the wrong type is told with every other mistake, each with its hint", async () => {
    const text = "config:\n  pgstead:disposable: 'yes'\n  pgstead:roles: [app]\n  pgstead:sever: {}\n";
    const failure: unknown = await check(text).catch((error: unknown) => error);
    expect(String(failure)).toMatch(/the configuration of stack dev is not usable/);
    expect(String(failure)).toMatch(/pgstead:disposable: "yes" is not true or false\n.*hint: /);
    expect(String(failure)).toMatch(/pgstead:roles: a list is not a map\n.*hint: /);
    expect(String(failure)).toMatch(/pgstead:sever: is not a known key\n.*hint: did you mean server\?/);
  });

  test("what is no YAML is told with the file's name and the line", async () => {
    const text = "config:\n  pgstead:disposable: true\n   pgstead:roles: {}\n";
    await expect(check(text)).rejects.toThrow(
      /Pulumi\.dev\.yaml is not YAML:\n.*line 2[^]*hint: look at that line/,
    );
  });

  test("stops only what runs the program: another command may mend it", async () => {
    const text = "config:\n  pgstead:disposable: 'yes'\n";
    await check(text, parseCommand(["config", "set"]));
    await check(text, parseCommand(["up", "--config-file=other.yaml"]));
    await check("config:\n  pgstead:disposable: 'true'\n  pgstead:roles: {}\n  aws:region: x\n");
    await check("");
  });
});
