import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { verifierMatches } from "../../components/io/scram";
import {
  isSecret,
  isUnknown,
  reveal,
  secret,
  unknown,
  type PropertyMap,
} from "../../components/providers/properties";
import { credential, startOwnProvider } from "../support/own-provider";
import type { ProviderClient } from "../support/provider-client";
import { ProviderStack } from "../support/provider-stack";

const token = "pgstead:index:Credential";
let provider: ProviderClient;
let stack: ProviderStack;
let directory: string;

beforeAll(async () => {
  provider = await startOwnProvider({ OLD_PASSWORD: "kept-as-it-is-42", EMPTY_PASSWORD: "" });
  stack = new ProviderStack(provider);
  directory = await mkdtemp(join(tmpdir(), "pgstead-credential-"));
});

afterAll(async () => {
  await provider.stop();
  await rm(directory, { recursive: true, force: true });
});

function secrets(state: PropertyMap): { password: string; verifier: string } {
  expect(isSecret(state.password)).toBe(true);
  expect(isSecret(state.verifier)).toBe(true);
  return { password: reveal(state.password) as string, verifier: reveal(state.verifier) as string };
}

describe("a credential", () => {
  test("is 32 characters and their verifier, both secret", async () => {
    await stack.up(credential("one", 1));
    const { password, verifier } = secrets(stack.entry("Credential/one").state);
    expect(password).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(verifierMatches(verifier, password)).toBe(true);
    expect(stack.entry("Credential/one").id).toBe("one");
  });

  test("is not known in a preview, and stays secret there", async () => {
    const { state } = await provider.resource(token, "p").create({ passwordVersion: 1 }, { preview: true });
    expect([state.password, state.verifier].map((value) => isSecret(value) && isUnknown(value))).toEqual([
      true,
      true,
    ]);
    expect(state.password).toEqual(secret(unknown));
  });

  test("stays what it is through every run and refresh", async () => {
    const before = stack.entry("Credential/one");
    expect(await stack.up(credential("one", 1))).toEqual([]);
    expect(await stack.refresh()).toEqual([]);
    expect(stack.entry("Credential/one")).toEqual(before);
  });

  test("is made anew when its number is raised, and never when it is lowered", async () => {
    const before = secrets(stack.entry("Credential/one").state);
    expect(await stack.diff(credential("one", 2))).toMatchObject({
      detailed: { passwordVersion: "update" },
      replaces: [],
    });
    const entry = stack.entry("Credential/one");
    const pending = await provider
      .resource(token, "one")
      .update({ ...entry, oldInputs: entry.inputs, inputs: { passwordVersion: 2 } }, { preview: true });
    expect(isUnknown(pending.password)).toBe(true);
    await stack.up(credential("one", 2));
    const after = secrets(stack.entry("Credential/one").state);
    expect(after.password).not.toBe(before.password);
    expect(verifierMatches(after.verifier, after.password)).toBe(true);
    await expect(stack.up(credential("one", 1))).rejects.toThrow(
      "it cannot go back from 2 to 1: raise it to make a new password",
    );
  });

  test.each([0, 1.5, "2", null, 1_000_001])("refuses %s as its number", async (passwordVersion) => {
    const { failures } = await provider.resource(token, "x").check({ passwordVersion, password: "mine" });
    expect(failures).toMatchObject([
      { property: "password", reason: expect.stringContaining("not an argument of this resource") as string },
      { property: "passwordVersion", reason: "expected a whole number from 1 to 1000000" },
    ]);
  });
});

describe("of two logins that take turns", () => {
  const at = (passwordVersion: number, turn?: "current" | "former") => ({
    name: "turning",
    token,
    inputs: { passwordVersion, ...(turn === undefined ? {} : { turn }) },
  });
  const now = () => {
    const { state } = stack.entry("Credential/turning");
    return { ...secrets(state), changedAt: state.changedAt };
  };

  test("each keeps its password until its turn, with the moment it was made", async () => {
    await stack.up(at(4));
    const first = now();
    expect(Date.now() - Date.parse(first.changedAt as string)).toBeLessThan(60_000);
    // It was the only one, and becomes the one whose turn it is not: its number is that of its last turn.
    await stack.up(at(3, "former"));
    expect(now()).toEqual(first);
    await stack.up(at(5, "current"));
    expect(now().password).not.toBe(first.password);
    const third = now();
    await stack.up(at(5, "former"));
    expect(now()).toEqual(third);
  });

  test("a step that locks out the clients of both is refused", async () => {
    await expect(stack.up(at(6))).rejects.toThrow(
      "clients use the other one of the two logins, which would go",
    );
    await stack.up(at(7, "current"));
    await expect(stack.up(at(9, "current"))).rejects.toThrow("it rises by one at a time");
    await stack.up(at(7));
    await expect(stack.up(at(9, "current"))).rejects.toThrow("declare rotation: dual by itself first");
  });
});

describe("an import", () => {
  test("takes the password from a file, without the line's end", async () => {
    const path = join(directory, "password");
    await writeFile(path, "from a file !~\r\n");
    const entry = await stack.import(token, "filed", `file:${path}`);
    expect(entry.id).toBe("filed");
    const { password, verifier } = secrets(entry.state);
    expect(password).toBe("from a file !~");
    expect(verifierMatches(verifier, password)).toBe(true);
    expect(await stack.up(credential("filed", 1))).toEqual([]);
  });

  test("takes it from a variable of the environment", async () => {
    const { state } = await stack.import(token, "env", "env:OLD_PASSWORD");
    expect(secrets(state).password).toBe("kept-as-it-is-42");
  });

  test("refuses a password as id, and does not repeat it", async () => {
    const failure: unknown = await stack
      .import(token, "x", "hunter2-hunter2")
      .catch((error: unknown) => error);
    expect(String(failure)).toContain("the id must name where the password is, never be the password");
    expect(String(failure)).toContain("use file:PATH");
    expect(String(failure) + JSON.stringify(provider.messages)).not.toContain("hunter2");
  });

  test.each([
    ["env:EMPTY_PASSWORD", "there is no password"],
    ["env:NO_SUCH_VARIABLE", "there is no password"],
    ["file:/no/such/file", "it cannot be read: ENOENT"],
    ["file:/", "it cannot be read: EISDIR"],
  ])("of %s says why it cannot", async (id, message) => {
    await expect(stack.import(token, "x", id)).rejects.toThrow(message);
  });

  test("refuses what clients would normalize differently, without repeating it", async () => {
    const path = join(directory, "odd");
    await writeFile(path, "pässword\n");
    const failure: unknown = await stack.import(token, "x", `file:${path}`).catch((error: unknown) => error);
    expect(String(failure)).toContain("beyond printable ASCII");
    expect(String(failure)).not.toContain("pässword");
  });
});

describe("a guard", () => {
  const guard = () => provider.resource("pgstead:index:Guard", "guard");
  const refusal = (subject: string) => ({
    subject,
    message: `${subject} would be lost`,
    hint: "declare it again",
  });

  test("fails with everything that is refused, together, whatever is asked of it", async () => {
    const inputs = {
      refusals: [[refusal("schema shop.a")], [], [refusal("schema shop.b"), refusal("database x")]],
    };
    const all =
      /before any statement was sent \(3 refusals\):\n {2}schema shop.a: .* lost\n {4}hint: declare it again\n {2}schema shop.b[^]*database x/;
    await expect(guard().create(inputs, { preview: true })).rejects.toThrow(all);
    await expect(guard().create(inputs)).rejects.toThrow(all);
    const request = { id: "guard", state: { refusals: [[]] }, oldInputs: { refusals: [[]] }, inputs };
    await expect(guard().diff(request)).rejects.toThrow(all);
    await expect(guard().update(request)).rejects.toThrow(all);
  });

  test("lets through what refuses nothing, and what is not known yet", async () => {
    expect(await guard().create({ refusals: [[], []] })).toMatchObject({ id: "guard" });
    expect(await guard().create({ refusals: [[], unknown] }, { preview: true })).toMatchObject({
      id: "guard",
    });
  });
});
