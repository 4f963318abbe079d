import { expect, test } from "vitest";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { openSession } from "../../components/io/session";
import { BoundedReads } from "../../components/providers/bounded-reads";
import { secret, unknown, type PropertyMap } from "../../components/providers/properties";
import { eventually } from "../support/eventually";
import { freePort } from "../support/server";
import { databaseAccess, role, serverAccess, useOwnProvider } from "../support/own-provider";

const own = useOwnProvider();
const roles = { roles: [role("r", { connectionLimit: 3 })] };

const messages = (part: string) => own.provider.messages.filter(({ message }) => message.includes(part));

async function identifier(): Promise<string> {
  const [row] = await own.sql("SELECT system_identifier::text AS id FROM pg_control_system()");
  return row?.id as string;
}

test("a server that does not answer is said, and the preview goes on with the state", async () => {
  const reachable = serverAccess(own.connection, roles);
  await own.stack.up(reachable);
  await own.server.halt();
  try {
    expect(await own.stack.diff(reachable)).toMatchObject({ changed: false });
    expect(
      messages("plan: compared with the state only: no answer from PostgreSQL at 127.0.0.1"),
    ).toHaveLength(1);
    const changed = serverAccess(own.connection, { roles: [role("r", { connectionLimit: 4 })] });
    expect(await own.stack.diff(changed)).toMatchObject({ detailed: { roles: "update" } });
    const entry = own.stack.entry("Access/server");
    const request = { id: "server", state: entry.state, oldInputs: entry.inputs, inputs: changed.inputs };
    const client = own.provider.resource(changed.token, "server");
    expect(await client.update(request, { preview: true })).toMatchObject({ refusals: [] });
    await expect(client.update(request)).rejects.toThrow(
      /no answer from PostgreSQL at 127.0.0.1:\d+: .*ECONNREFUSED/,
    );
  } finally {
    await own.server.start();
  }
});

test("a server that stops in the middle of a question is given up, and the preview goes on with the state", async () => {
  const declared = serverAccess(own.connection, roles);
  await own.stack.up(declared);
  const watcher = await own.server.connect();
  let asking: number | undefined;
  try {
    await watcher.query("BEGIN; LOCK TABLE pg_catalog.pg_auth_members IN ACCESS EXCLUSIVE MODE");
    const preview = own.stack.diff(declared);
    asking = await eventually("the preview waits in the middle", async () => {
      const rows = await watcher.query<{ pid: number }>(
        "SELECT pid FROM pg_locks WHERE relation = 'pg_auth_members'::regclass AND NOT granted",
      );
      return rows[0]?.pid;
    });
    process.kill(asking, "SIGSTOP");
    // Its own statement_timeout, which is 10 s, is the server's, and that one has stopped.
    expect(await preview).toMatchObject({ changed: false });
    expect(messages("it takes connections and said nothing for 12 s")).toHaveLength(1);
  } finally {
    if (asking !== undefined) process.kill(asking, "SIGCONT");
    await watcher.close();
  }
});

test("what a run reads is bounded, and what it changes is not", async () => {
  let isReading = false;
  const session = await openSession(
    { ...own.server, user: own.server.superuser },
    { silenceTimeoutMs: () => (isReading ? 500 : undefined) },
  );
  expect(await session.query("SELECT 1 AS one FROM pg_sleep(1)")).toEqual([{ one: 1 }]);
  isReading = true;
  await expect(session.query("SELECT pg_sleep(60)")).rejects.toThrow("said nothing for 0.5 s");
  await session.close().catch(() => undefined); // the connection is given up

  const reads = new BoundedReads();
  const seen: unknown[] = [];
  const plan = { statements: [], refusals: [] };
  const scope = {
    ...{ id: "any", connections: [], isServerNew: false, planEmpty: () => plan, planUnread: () => plan },
    plan: () => Promise.resolve(plan).finally(() => seen.push(reads.silenceTimeoutMs())),
    act: () => Promise.resolve().finally(() => seen.push(reads.silenceTimeoutMs())),
  };
  const bounded = reads.of(scope);
  await bounded.plan();
  await bounded.act();
  expect(seen).toEqual([60_000, undefined]);
});

test("a create plans from an empty catalogue where there is no server yet", async () => {
  const connection = {
    ...own.connection,
    port: await freePort(),
    password: secret(unknown),
    systemIdentifier: unknown,
  };
  const client = own.provider.resource("pgstead:index:Access", "new");
  const { state } = await client.create(serverAccess(connection, roles).inputs, { preview: true });
  expect(state.refusals).toEqual([]);
  expect(own.lastPlan()[0]).toContain('CREATE ROLE "r" NOLOGIN');
});

test("where the server is made anew in this run, all that was on it is planned", async () => {
  own.stack.entries.clear();
  await own.stack.up(serverAccess(own.connection, roles), databaseAccess(own.connection, "postgres"));
  await own.server.halt();
  try {
    const connection = { ...own.connection, systemIdentifier: unknown };
    expect(await own.stack.diff(serverAccess(connection, roles))).toMatchObject({
      detailed: { live: "update" },
    });
    expect(own.lastPlan()).toEqual([expect.stringContaining('CREATE ROLE "r" NOLOGIN') as string]);
  } finally {
    await own.server.start();
  }
});

test("where the server is to be made anew, another one that refuses the login is not asked", async () => {
  const connection = { ...own.connection, password: secret("not theirs"), systemIdentifier: unknown };
  const client = own.provider.resource("pgstead:index:Access", "newcomer");
  const { state } = await client.create(serverAccess(connection, roles).inputs, { preview: true });
  expect(state.refusals).toEqual([]);
  expect(own.lastPlan()[0]).toContain('CREATE ROLE "r" NOLOGIN');
});

test("another server at the same place is refused, in the preview and in the run", async () => {
  own.stack.entries.clear();
  const id = await identifier();
  await own.stack.up(serverAccess({ ...own.connection, systemIdentifier: id }, roles));
  const strange = serverAccess({ ...own.connection, systemIdentifier: "7400000000000000001" }, roles);
  const refusal = new RegExp(
    `another server answers there: its system identifier is ${id}, the state knows 7400`,
  );
  await expect(own.stack.diff(strange)).rejects.toThrow(refusal);
  own.stack.entries.clear();
  await expect(own.stack.up(strange)).rejects.toThrow(refusal);
});

test("a connection that is not known yet is that of the state", async () => {
  own.stack.entries.clear();
  await own.stack.up(serverAccess(own.connection, roles));
  await own.sql("ALTER ROLE r LOGIN");
  for (const change of [{ password: secret(unknown) }, { port: unknown }, { host: unknown }]) {
    const pending = serverAccess({ ...own.connection, ...change }, roles);
    expect(await own.stack.diff(pending)).toMatchObject({ detailed: { live: "update" } });
  }
  const whole = serverAccess(unknown as PropertyMap, roles);
  expect(await own.stack.diff(whole)).toMatchObject({ detailed: { live: "update" } });
  await own.stack.up(serverAccess(own.connection, roles));
});

test("password and place are no difference: they say how to get there", async () => {
  own.stack.entries.clear();
  const other = generatePassword();
  await own.sql(`CREATE ROLE admin2 LOGIN SUPERUSER PASSWORD '${scramVerifier(other)}'`);
  await own.stack.up(serverAccess(own.connection, roles));
  const moved = serverAccess({ ...own.connection, user: "admin2", password: secret(other) }, roles);
  expect(await own.stack.diff(moved)).toMatchObject({ changed: false });
});

test("a rotation that was interrupted does not stop the preview: the password of the state still works", async () => {
  own.stack.entries.clear();
  await own.stack.up(serverAccess(own.connection, roles));
  const rotated = serverAccess({ ...own.connection, password: secret("not set on the server yet") }, roles);
  expect(await own.stack.diff(rotated)).toMatchObject({ changed: false });
  await own.sql("ALTER ROLE r LOGIN");
  expect(await own.stack.diff(rotated)).toMatchObject({ detailed: { live: "update" } });
  await own.sql("ALTER ROLE r NOLOGIN");
});

test("a login that is refused everywhere stops the preview with a hint, without the password in its words", async () => {
  own.stack.entries.clear();
  const wrong = { ...own.connection, password: secret("hunter2-wrong") };
  const client = own.provider.resource("pgstead:index:Access", "server");
  const { inputs } = serverAccess(wrong, roles);
  const failure: unknown = await client
    .diff({ id: "server", state: inputs, oldInputs: inputs, inputs })
    .catch((error: unknown) => error);
  expect(String(failure)).toContain('password authentication failed for user "postgres"');
  expect(String(failure)).toMatch(/hint: was its password or pg_hba.conf changed by hand\?/);
  expect(String(failure)).not.toContain("hunter2");
});
