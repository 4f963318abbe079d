import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { projectRoot } from "../../components/io/places";
import { eventually } from "../support/eventually";
import { alembicShop, killedRun, type AlembicShop } from "../support/alembic-runs";
import { makeAuthority } from "../support/certificates";
import { startServer, temporaryDirectory, type TestServer } from "../support/server";
import { applicationPackages, hasPython } from "../support/alembic-application";

let server: TestServer;
let shop: AlembicShop;
let logs = "";
beforeAll(async () => {
  if (!hasPython) return;
  await applicationPackages();
  server = await startServer();
  logs = await mkdtemp(join(tmpdir(), "pgstead-alembic-logs-"));
  vi.stubEnv("PGSTEAD_DATA", logs);
}, 240_000);
afterAll(async () => {
  if (!hasPython) return;
  vi.unstubAllEnvs();
  await server.stop();
  await rm(logs, { recursive: true, force: true });
});
beforeEach(async () => {
  if (hasPython) shop = await alembicShop(server);
});
afterEach(async () => {
  if (hasPython) await shop.remove();
});

const last = "c3f0c3d2e4b5";
const slow = {
  id: "d4f0c3d2e4b5",
  name: "slow",
  down: last,
  upgrade: [
    'op.create_table("slow", sa.Column("id", sa.Integer()), schema="app")',
    'op.execute("SELECT pg_sleep(600)")',
  ],
};
const appliedIds = async (): Promise<unknown> => {
  const [row] = await shop.database.query<{ id: string }>(
    "SELECT version_num AS id FROM app.alembic_version",
  );
  return row?.id;
};
const sleeping = (): Promise<true> =>
  eventually("the revision sleeps", async () => {
    const [row] = await shop.database.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(600)%' AND wait_event = 'PgSleep'",
    );
    return row === undefined ? undefined : true;
  });

describe.skipIf(!hasPython)("a run of Alembic", () => {
  test("lets others through who are in the way, says who, and tries again", async () => {
    await shop.upgrade();
    await shop.application.revise({
      id: "d4f0c3d2e4b5",
      name: "note",
      down: last,
      upgrade: ['op.add_column("orders", sa.Column("note", sa.Text()), schema="app")'],
    });
    const holder = await shop.database.open();
    await holder.query("BEGIN; SELECT * FROM app.orders");
    const run = shop.upgrade({
      // Long enough for a look at who is in the way, also on a machine that has much to do.
      limits: { lockTimeoutMs: 1_500 },
      say: (text) => {
        if (text.includes("tries again")) void holder.close();
      },
    });
    expect(await run).toMatchObject({ done: [{ file: "d4f0c3d2e4b5_note.py" }], cancelled: false });
    expect(shop.said.find((text) => text.includes("tries again"))).toMatch(
      /d4f0c3d2e4b5_note\.py:11: waits for session \d+ \(.*\); rolled back, tries again in /,
    );
  });

  test("that fails rolls its revision back, keeps those before it, and the trail has no rows", async () => {
    await shop.application.revise({
      id: "d4f0c3d2e4b5",
      name: "broken",
      down: last,
      upgrade: [
        'op.create_table("half", sa.Column("id", sa.Integer()), schema="app")',
        "op.execute(\"INSERT INTO app.customers (id, name) VALUES (1, 'secret name')\")",
      ],
    });
    const { done, failure } = await shop.upgrade();
    expect(done).toHaveLength(3);
    expect(failure?.path).toBe("migrations/versions/d4f0c3d2e4b5_broken.py:12");
    expect(failure?.message).toMatch(/duplicate key value .*\(23505\); all of it is rolled back$/s);
    const [, log = ""] = /the whole traceback is in (\S+)/.exec(failure?.hint ?? "") ?? [];
    expect(await readFile(log, "utf8")).toContain("line 12, in upgrade");
    expect(await appliedIds()).toBe(last);
    expect(await shop.database.query("SELECT to_regclass('app.half') AS half")).toEqual([{ half: null }]);
    expect((await shop.trail()).at(-1)).toEqual({
      ...{ action: "up", outcome: "failed", version: "d4f0c3d2e4b5", note: "23505, line 12" },
    });
  });

  test("that is cancelled has the server end the statement, and rolls back", async () => {
    await shop.application.revise(slow);
    const stop = new AbortController();
    const run = shop.upgrade({ signal: stop.signal });
    await sleeping();
    stop.abort();
    expect(await run).toMatchObject({
      cancelled: true,
      failure: { message: "was cancelled: the running statement was ended, and all of the file rolled back" },
    });
    expect(await appliedIds()).toBe(last);
    expect((await shop.trail()).at(-1)).toMatchObject({ outcome: "cancelled" });
  });

  test("and another one at once run each revision once", async () => {
    const runs = await Promise.all([shop.upgrade(), shop.upgrade()]);
    expect(
      runs
        .flatMap(({ done }) => done)
        .map(({ file }) => file)
        .toSorted(),
    ).toEqual(["a1f0c3d2e4b5_orders.py", "b2f0c3d2e4b5_customers.py", "c3f0c3d2e4b5_email.py"]);
    expect(runs.map(({ failure }) => failure)).toEqual([undefined, undefined]);
  });

  test("that is killed leaves nothing half done: the next one waits for its statement's end, and goes on", async () => {
    await shop.application.revise(slow);
    await killedRun(shop, sleeping);
    await shop.application.revise({ ...slow, upgrade: slow.upgrade.slice(0, 1) });
    expect(await shop.upgrade()).toMatchObject({ done: [{ file: "d4f0c3d2e4b5_slow.py" }] });
    expect((await shop.trail()).map(({ outcome }) => outcome).slice(-3)).toEqual(["begun", "begun", "done"]);
  });

  test("whose end was lost after Alembic's commit counts as done, with its checksum", async () => {
    await shop.upgrade();
    await shop.database.query("DELETE FROM pgstead.migration_trail WHERE outcome = 'done'");
    const { state } = await shop.plan();
    expect(state.records.map(({ version, origin }) => [version, origin])).toEqual([
      ["a1f0c3d2e4b5", "applied"],
      ["b2f0c3d2e4b5", "applied"],
      ["c3f0c3d2e4b5", "applied"],
    ]);
  });
});

describe.skipIf(!hasPython)("what cannot be shown", () => {
  test("is a finding that blocks: a revision that asks its connection", async () => {
    await shop.application.revise({
      id: "d4f0c3d2e4b5",
      name: "asks",
      down: last,
      upgrade: ["op.get_bind().execute(sa.text('SELECT 1')).scalar_one()"],
    });
    const { files } = await shop.plan();
    expect(files.judged.at(-1)?.up.flatMap(({ findings }) => findings)).toMatchObject([
      { rule: "needs-connection", class: "opaque", blocks: true, line: 11 },
    ]);
  });

  test("does not run: a revision that does something else with a connection is stopped and rolled back", async () => {
    await shop.application.revise({
      id: "d4f0c3d2e4b5",
      name: "sly",
      down: last,
      upgrade: [
        "op.execute(\"COMMENT ON TABLE app.orders IS 'shown'\")",
        "if not op.get_context().as_sql:",
        '    op.execute("DROP TABLE app.orders")',
      ],
    });
    const { failure } = await shop.upgrade();
    expect(failure).toMatchObject({ path: "migrations/versions/d4f0c3d2e4b5_sly.py:13" });
    expect(failure?.message).toContain(
      "it ran what its SQL does not have, and was stopped: DROP TABLE app.orders",
    );
    expect(await shop.database.query("SELECT to_regclass('app.orders') IS NOT NULL AS found")).toEqual([
      { found: true },
    ]);
  });
});

describe.skipIf(!hasPython)("an application that is not as it should be is told by its name", () => {
  const edit = (from: string, to: string) =>
    shop.application.edit("migrations/env.py", (text) => text.replace(from, to));

  test("where it connects elsewhere, before anything runs there", async () => {
    const other = await alembicShop(server);
    await edit(
      'os.environ["DATABASE_URL"]',
      `os.environ["DATABASE_URL"].rsplit("/", 1)[0] + "/${other.database.name}"`,
    );
    await expect(shop.plan()).rejects.toThrow(
      new RegExp(
        `env\\.py connects elsewhere: as \\S+ to ${other.database.name}[\\s\\S]*hint: have env\\.py take the URL from DATABASE_URL`,
      ),
    );
    await other.remove();
  });

  test("where its env.py fails, with the line and without the password", async () => {
    await edit(
      "fileConfig(",
      "raise RuntimeError('no ' + url if 'url' in globals() else os.environ['DATABASE_URL'])\nfileConfig(",
    );
    const error = await shop.plan().then(String, String);
    expect(error).toMatch(
      /migrations\/env\.py:11: RuntimeError: postgresql\+psycopg:\/\/\S+:\*\*\*@127\.0\.0\.1/,
    );
    expect(error).not.toContain(shop.database.migrator.password);
  });

  test.each([
    [
      "no Alembic",
      { environment: {}, python: ["python3", "-I", "-S"] },
      /has no Alembic: No module named 'alembic'/,
    ],
    [
      "no such Python",
      { python: ["no-such-python"] },
      /no-such-python cannot be started[\s\S]*alembic\.python/,
    ],
    ["no such directory", { directory: join(projectRoot(), "nowhere") }, /nowhere is no directory/],
    ["no configuration there", { directory: projectRoot() }, /there is no alembic\.ini in/],
    [
      "a Python that ends by itself",
      { python: ["sh", "-c", "echo 'not today' >&2; exit 7"] },
      /its Python ended with: not today/,
    ],
  ])("%s", async (_case, change, message) => {
    const place = { ...shop.setup.place, ...change } as AlembicShop["setup"]["place"];
    await expect(shop.plan({ setup: { place } })).rejects.toThrow(message);
  });

  test("a section that is not there", async () => {
    await expect(shop.plan({ setup: { section: "other" } })).rejects.toThrow(
      /alembic\.ini has no section \[other\]/,
    );
  });
});

test.skipIf(!hasPython)("a look changes nothing, even where env.py tries", async () => {
  await shop.application.edit("migrations/env.py", (text) =>
    text.replace(
      "        context.configure(connection=",
      '        connection.exec_driver_sql("CREATE TABLE app.tried ()")\n        context.configure(connection=',
    ),
  );
  await expect(shop.plan()).rejects.toThrow(/read-only transaction \(25006\)/);
});

describe.skipIf(!hasPython)("a server with TLS", () => {
  test("is believed where its certificate is of the stack's authority, and by no other", async () => {
    const directory = await temporaryDirectory();
    const authority = await makeAuthority(directory);
    await authority.secure(server, ["127.0.0.1"]);
    const believing = shop.over({ mode: "verify-full", ca: authority.pem });
    expect(await believing.upgrade()).toMatchObject({ done: { length: 3 } });
    await eventually("the authority's file is gone", async () => {
      const files = await readdir(tmpdir());
      return files.some((name) => name.startsWith("pgstead-authority-")) ? undefined : true;
    });
    const other = await makeAuthority(directory);
    const doubting = shop.over({ mode: "verify-full", ca: other.pem });
    await expect(doubting.plan()).rejects.toThrow(/certificate/);
    await shop.database.query("ALTER SYSTEM RESET ssl");
    await rm(directory, { recursive: true });
  });
});
