import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { isUnknown, reveal, secret, type PropertyMap } from "../../components/providers/properties";
import { startOwnProvider, useOwnProvider } from "../support/own-provider";
import { ProviderStack } from "../support/provider-stack";
import { startServer, temporaryDirectory } from "../support/server";

const own = useOwnProvider();
const token = "pgstead:index:ExistingServer";
const managerPassword = generatePassword();
let directory: string;

beforeAll(async () => {
  directory = await temporaryDirectory();
  await own.sql(`CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD '${scramVerifier(managerPassword)}'`);
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

function inputs(change: PropertyMap = {}): PropertyMap {
  const { host, port, superuser: user, password } = own.server;
  return {
    host,
    port,
    user,
    password: secret(password),
    tls: { mode: "disable" },
    superuser: true,
    ...change,
  };
}

const declared = (change: PropertyMap = {}) => ({ name: "server", token, inputs: inputs(change) });

function lastMessage(): string {
  return own.provider.messages.at(-1)?.message ?? "";
}

test("a preview of a new stack knows the server already, and nothing of it is made", async () => {
  const { id, state } = await own.provider.resource(token, "server").create(inputs(), { preview: true });
  expect(id).toBe(`127.0.0.1:${own.server.port}`);
  expect(state).toMatchObject({ host: "127.0.0.1", port: own.server.port, refusals: [] });
  expect(state.version).toMatch(/^17\.\d+$/);
  expect(state.systemIdentifier).toMatch(/^\d{10,}$/);
  expect(reveal(state.password)).toBe(own.server.password);
});

test("a second run finds nothing to do", async () => {
  await own.stack.up(declared());
  expect(await own.stack.diff(declared())).toMatchObject({ changed: false });
  expect(await own.stack.refresh()).toEqual([]);
});

describe("what stands in the way is refused, in the preview and before anything else in a run", () => {
  test("a login that is declared to be a superuser and is none", async () => {
    const change = { user: "manager", password: secret(managerPassword) };
    const client = own.provider.resource(token, "server");
    const { state } = await client.create(inputs(change), { preview: true });
    const [refusal] = state.refusals as unknown as { subject: string; message: string; hint: string }[];
    expect(refusal).toMatchObject({
      subject: "role manager",
      message: "it is declared to be a superuser, and is none (it has CREATEROLE and CREATEDB)",
    });
    expect(refusal?.hint).toContain("pgstead:server.administrator.superuser to false");
    expect(lastMessage()).toContain("refused: role manager");
    await expect(client.create(inputs(change))).rejects.toThrow("is declared to be a superuser");
    const honest = await client.create(inputs({ ...change, superuser: false }));
    expect(honest.state.refusals).toEqual([]);
  });

  test("another server at the same place", async () => {
    const stack = new ProviderStack(own.provider);
    await stack.up(declared());
    const other = await startServer();
    try {
      const change = { port: other.port, password: secret(other.password) };
      expect(await stack.diff(declared(change))).toMatchObject({ changed: true });
      expect(lastMessage()).toContain("another server answers there: its system identifier is");
      await expect(stack.up(declared(change))).rejects.toThrow("another server answers there");
    } finally {
      await other.stop();
    }
  });
});

test("a server that does not answer is compared with the state only", async () => {
  const stack = new ProviderStack(own.provider);
  await stack.up(declared());
  await own.server.halt();
  try {
    expect(await stack.diff(declared())).toMatchObject({ changed: false });
    expect(lastMessage()).toContain("plan: compared with the state only: no answer from PostgreSQL");
    const { state } = await own.provider.resource(token, "new").create(inputs(), { preview: true });
    expect(isUnknown(state.systemIdentifier)).toBe(true);
    expect(reveal(state.password)).toBe(own.server.password);
    expect(await stack.refresh()).toEqual([]);
  } finally {
    await own.server.start();
  }
});

test("a server that comes up while a run waits for it is taken", async () => {
  await own.server.halt();
  const made = own.provider.resource(token, "late").create(inputs());
  await own.server.start();
  expect((await made).state.version).toMatch(/^17\./);
});

describe("the password", () => {
  test("comes from a file, whose line may have an end", async () => {
    const file = join(directory, "password");
    await writeFile(file, `${own.server.password}\n`);
    const { password: _password, ...rest } = inputs({ passwordFile: file });
    const { state } = await own.provider.resource(token, "file").create(rest);
    expect(reveal(state.password)).toBe(own.server.password);
    expect(JSON.stringify(own.provider.messages)).not.toContain(own.server.password);
  });

  test("comes from the file that a variable names, where nothing is declared", async () => {
    const file = join(directory, "password");
    await writeFile(file, own.server.password);
    const provider = await startOwnProvider({ PGSTEAD_ADMINISTRATOR_PASSWORD_FILE: file });
    try {
      const { password: _password, ...rest } = inputs();
      expect((await provider.resource(token, "file").create(rest)).id).toContain("127.0.0.1");
    } finally {
      await provider.stop();
    }
  });

  test("is asked for where there is none, and a wrong one is refused without being shown", async () => {
    const { password: _password, ...rest } = inputs();
    const client = own.provider.resource(token, "none");
    await expect(client.create(rest, { preview: true })).rejects.toThrow(
      "config set --secret pgstead:administratorPassword",
    );
    await expect(client.create({ ...rest, passwordFile: join(directory, "nothing") })).rejects.toThrow(
      "it cannot be read",
    );
    const wrong = client.create(inputs({ password: secret("not-this-one") }), { preview: true });
    await expect(wrong).rejects.toThrow("password authentication failed");
    await expect(wrong).rejects.not.toThrow("not-this-one");
  });

  test("that was changed on the server and here is an update that changes nothing but the state", async () => {
    const stack = new ProviderStack(own.provider);
    const change = { user: "manager", superuser: false };
    await stack.up(declared({ ...change, password: secret(managerPassword) }));
    const fresh = generatePassword();
    await own.sql(`ALTER ROLE manager PASSWORD '${scramVerifier(fresh)}'`);
    expect(await stack.up(declared({ ...change, password: secret(fresh) }))).toMatchObject([
      { op: "update", diff: ["password"] },
    ]);
    expect(await stack.diff(declared({ ...change, password: secret(fresh) }))).toMatchObject({
      changed: false,
    });
  });
});

test("deleting it leaves the server alone", async () => {
  const stack = new ProviderStack(own.provider);
  await stack.up(declared());
  await stack.destroy();
  expect(await own.sql("SELECT 1 AS one")).toEqual([{ one: 1 }]);
});

test("wrong arguments are told together", async () => {
  const { failures } = await own.provider
    .resource(token, "server")
    .check({ host: "", port: 0, user: "a", superuser: "yes", tls: { mode: "prefer" }, color: "red" });
  expect(failures.map(({ property }) => property)).toEqual([
    "color",
    "host",
    "port",
    "superuser",
    "tls.mode",
  ]);
});
