import { expect, test } from "vitest";
import { stopServer } from "../../components/io/embedded/server";
import { isSecret, reveal, secret, unknown } from "../../components/providers/properties";
import { eventually } from "../support/eventually";
import { useEmbeddedStack } from "../support/own-embedded";
import { plansOf, startOwnProvider } from "../support/own-provider";

const own = useEmbeddedStack();

const refused = (password: string) =>
  expect(own.connect({ password })).rejects.toThrow("password authentication failed");

const works = async (password: string) => {
  await (await own.connect({ password })).close();
};

/** A server with a password of the state, and the next one declared. */
async function begin(): Promise<{ old: string }> {
  await own.stack.up(own.declare());
  const old = own.password;
  own.newPassword();
  return { old };
}

test("a new password is set with the old one: the old one stops working, the new one works", async () => {
  const { old } = await begin();
  expect(await own.stack.diff(own.declare())).toMatchObject({
    detailed: { password: "update", verifier: "update", running: "update" },
    replaces: [],
  });
  expect(plansOf(own.provider).at(-1)).toBe(
    "plan: 1 action\n  ALTER ROLE of the administrator PASSWORD '[verifier]'  -- set with the old one and proven by a login, then stored",
  );
  await own.stack.up(own.declare());
  await works(own.password);
  await refused(old);
  expect(isSecret(own.state.password)).toBe(true);
  expect(reveal(own.state.password)).toBe(own.password);
  expect(await own.sql("SELECT rolpassword AS verifier FROM pg_authid WHERE rolname = 'postgres'")).toEqual([
    { verifier: own.verifier },
  ]);
  expect(await own.stack.diff(own.declare())).toMatchObject({ changed: false });
});

test("a preview of a rotation knows everything but the password", async () => {
  await begin();
  const entry = own.stack.entry("EmbeddedServer/server");
  const inputs = own.declare({ password: secret(unknown), verifier: secret(unknown) }).inputs;
  const state = await own.client.update({ ...entry, oldInputs: entry.inputs, inputs }, { preview: true });
  expect(state.password).toEqual(secret(unknown));
  expect(state).toMatchObject({
    host: "127.0.0.1",
    systemIdentifier: entry.state.systemIdentifier,
    refusals: [],
  });
});

test("ended before the server had the new one, the next run sets it", async () => {
  const { old } = await begin();
  // The state of the credential is new, that of the server is old, and so is the server.
  await works(old);
  await own.stack.up(own.declare());
  await works(own.password);
  await refused(old);
});

test("ended after the server had the new one and before it was stored, the next run takes it", async () => {
  const { old } = await begin();
  await own.sql(`ALTER ROLE postgres PASSWORD '${own.verifier}'`, { password: old });
  expect(await own.stack.up(own.declare())).toMatchObject([{ op: "update" }]);
  await works(own.password);
  await refused(old);
  expect(reveal(own.state.password)).toBe(own.password);
});

test("killed while it sets the new one, one of the two works, and the next run goes on", async () => {
  const { old } = await begin();
  const entry = own.stack.entry("EmbeddedServer/server");
  const blocker = await own.connect({ password: old });
  await blocker.query("BEGIN; ALTER ROLE postgres CONNECTION LIMIT 50");
  const second = await startOwnProvider();
  const client = second.resource("pgstead:index:EmbeddedServer", "server");
  const run = client.update({ ...entry, oldInputs: entry.inputs, inputs: own.declare().inputs }).then(
    () => "it came to its end",
    () => "it was killed",
  );
  const waits = "SELECT FROM pg_locks WHERE NOT granted";
  await eventually("the statement waits", async () =>
    (await own.sql(waits, { password: old })).length > 0 ? true : undefined,
  );
  second.process.kill("SIGKILL");
  expect(await run).toBe("it was killed");
  await second.stop();
  await blocker.query("ROLLBACK");
  await blocker.close();
  const working = await Promise.any([own.connect({ password: old }), own.connect()]);
  await working.close();
  await own.stack.up(own.declare());
  await works(own.password);
  await refused(old);
});

test("a dead server is started for it", async () => {
  const { old } = await begin();
  await stopServer(own.instance);
  await own.stack.diff(own.declare());
  expect(plansOf(own.provider).at(-1)).toMatch(/^plan: 2 actions\n {2}start the server .*\n {2}ALTER ROLE/);
  await own.stack.up(own.declare());
  await works(own.password);
  await refused(old);
});

test("with another port in the same run, both are done", async () => {
  const { old } = await begin();
  own.port = own.port === 31_999 ? 31_998 : own.port + 1;
  await own.stack.up(own.declare());
  await works(own.password);
  await refused(old);
});

test("where neither works, nothing is changed, and the error says what to do", async () => {
  const { old } = await begin();
  await own.sql("ALTER ROLE postgres PASSWORD 'of somebody'", { password: old });
  const failure: unknown = await own.stack.up(own.declare()).catch((error: unknown) => error);
  expect(String(failure)).toContain("its administrator postgres has another password than the state");
  for (const password of [old, own.password]) expect(String(failure)).not.toContain(password);
  await works("of somebody");
  expect(reveal(own.state.password)).toBe(old);
});
