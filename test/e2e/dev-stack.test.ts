import { execFileSync } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConnectionUri } from "../../components/core/connection";
import { openSession, type Session } from "../../components/io/session";
import { preview } from "../support/changes";
import { makeCheckout, type Checkout, type Output } from "../support/checkout";

interface Outputs {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly roles: Readonly<Record<string, string>>;
  readonly uris: Readonly<Record<string, string>>;
  readonly administratorUri: string;
}

let checkout: Checkout;
let started: Output;

/** Opens a session by a URI of the stack's outputs. */
async function connect(uri: string, change: { password?: string; database?: string } = {}): Promise<Session> {
  const { database, ...target } = { ...parseConnectionUri(uri), ...change };
  return openSession(target, { database });
}

async function asAdministrator(...statements: readonly string[]): Promise<Record<string, unknown>[]> {
  const { administratorUri, database } = await checkout.outputs<Outputs>();
  const session = await connect(administratorUri, { database });
  let rows: Record<string, unknown>[] = [];
  for (const statement of statements) rows = await session.query(statement);
  await session.close();
  return rows;
}

const git = (...args: string[]): string =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
    cwd: checkout.directory,
    encoding: "utf8",
  });

beforeAll(async () => {
  checkout = await makeCheckout("a clone with spaces");
  git("init", "--quiet");
  git("add", "--all");
  git("commit", "--quiet", "--message", "as cloned, with a port of its own");
  started = await checkout.run("infra/toolchain/start.ts");
});

afterAll(async () => {
  await checkout.remove();
});

test("npm start says how to connect, and no password", async () => {
  const { uris } = await checkout.outputs<Outputs>();
  expect(started.text).toContain("127.0.0.1");
  expect(started.text).toContain(String(checkout.port));
  expect(started.text).toContain("promptforge_app");
  for (const uri of Object.values(uris)) expect(started.text).not.toContain(parseConnectionUri(uri).password);
});

test("a login with the output's URI works over TCP, with a wrong password it does not", async () => {
  const { uris } = await checkout.outputs<Outputs>();
  const session = await connect(uris.app!);
  expect(await session.query("SELECT current_user, current_database()")).toEqual([
    { current_user: "promptforge_app", current_database: "promptforge" },
  ]);
  await session.close();
  await expect(connect(uris.app!, { password: "wrong" })).rejects.toThrow(/password authentication failed/);
});

test("the server has what is declared, and no superuser but the administrator", async () => {
  const [found] = await asAdministrator(`
    SELECT (SELECT array_agg(extname::text ORDER BY extname) FROM pg_extension WHERE extname <> 'plpgsql') AS extensions,
           (SELECT array_agg(nspname::text ORDER BY nspname) FROM pg_namespace
            WHERE nspname !~ '^pg_' AND nspname <> 'information_schema') AS schemas,
           (SELECT array_agg(rolname::text) FROM pg_roles WHERE rolsuper) AS superusers,
           (SELECT array_agg(rolname::text ORDER BY rolname) FROM pg_roles WHERE rolname ~ '^promptforge_') AS roles,
           (SELECT rolconnlimit FROM pg_roles WHERE rolname = 'promptforge_app') AS app_limit`);
  expect(found).toEqual({
    extensions: ["pg_stat_statements", "pg_trgm", "pgcrypto", "uuid-ossp"],
    schemas: ["app", "audit", "public"],
    superusers: ["postgres"],
    roles: [
      "app",
      "app_reader",
      "app_writer",
      "audit_reader",
      "audit_writer",
      "backup",
      "migrator",
      "owner",
      "public_reader",
      "public_writer",
      "readonly",
    ].map((role) => `promptforge_${role}`),
    app_limit: 40,
  });
});

test("a second start changes nothing, a preview and a refresh find nothing, and git status is clean", async () => {
  const again = await checkout.run("infra/toolchain/start.ts");
  expect(again.text).toMatch(/unchanged/);
  expect(again.text).not.toMatch(/\d+ (created|updated|deleted)/);
  expect((await preview(checkout)).changes).toEqual([]);
  const refreshed = await checkout.pulumi("refresh", "--yes");
  expect(refreshed.text).not.toMatch(/\d+ (updated|deleted)/);
  expect(git("status", "--porcelain")).toBe("");
});

test("no password is in clear in the state, its export, or a process's arguments", async () => {
  const { uris, administratorUri } = await checkout.outputs<Outputs>();
  const passwords = [...Object.values(uris), administratorUri].map((uri) => parseConnectionUri(uri).password);
  const exported = (await checkout.pulumi("stack", "export")).stdout;
  const state = await textBelow(checkout.env.PGSTEAD_STATE!);
  expect(state).toContain("pgstead:index:Credential");
  for (const password of passwords) {
    expect(password).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(state).not.toContain(password);
    expect(exported).not.toContain(password);
    expect(execFileSync("ps", ["axww", "-o", "args="], { encoding: "utf8" })).not.toContain(password);
  }
  expect(state).not.toContain("SCRAM-SHA-256$");
});

async function textBelow(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  // The passphrase opens the state: it is a secret file of its own, and no text of the state.
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".json"));
  const texts = await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), "utf8")));
  return texts.join("\n");
}

test("a schema, an extension and a login role are added with nothing else touched", async () => {
  await checkout.configure(["pgstead:database", "schemas", "sales"], {});
  expect((await preview(checkout)).changes).toEqual([
    "create postgresql:index/schema:Schema promptforge-sales",
    "update pgstead:index:Access promptforge",
    "update pgstead:index:Access promptforge-objects",
    "update pgstead:index:Access server",
  ]);
  await checkout.configure(["pgstead:database", "extensions", 4], "citext");
  await checkout.configure(["pgstead:roles", "report"], { login: true });
  expect((await preview(checkout)).changes).toEqual([
    "create pgstead:index:Credential promptforge_report",
    "create postgresql:index/extension:Extension promptforge-citext",
    "create postgresql:index/role:Role promptforge_report",
    "create postgresql:index/schema:Schema promptforge-sales",
    "update pgstead:index:Access promptforge",
    "update pgstead:index:Access promptforge-objects",
    "update pgstead:index:Access server",
    "update pgstead:index:HostBasedAccess server",
  ]);
  await checkout.pulumi("up", "--yes", "--skip-preview");
  expect((await preview(checkout)).changes).toEqual([]);
  const { uris } = await checkout.outputs<Outputs>();
  const session = await connect(uris.report!);
  await session.close();
});

test("a raised limit and a rotated password change no membership", async () => {
  const memberships =
    "SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members ORDER BY 1, 2";
  const before = await asAdministrator(memberships);
  const old = (await checkout.outputs<Outputs>()).uris.app!;
  await checkout.configure(["pgstead:roles", "app", "connectionLimit"], 41);
  await checkout.configure(["pgstead:roles", "app", "passwordVersion"], 2);
  expect((await preview(checkout)).changes).toEqual([
    "update pgstead:index:Access server",
    "update pgstead:index:Credential promptforge_app",
  ]);
  await checkout.pulumi("up", "--yes", "--skip-preview");
  expect(await asAdministrator(memberships)).toEqual(before);
  expect(before).toContainEqual({ roleid: "promptforge_app_writer", member: "promptforge_app" });
  await expect(connect(old)).rejects.toThrow(/password authentication failed/);
  const session = await connect((await checkout.outputs<Outputs>()).uris.app!);
  await session.close();
});

test("what was changed by hand is in the next plain preview, and up mends it", async () => {
  await asAdministrator(
    "ALTER ROLE promptforge_app NOLOGIN CONNECTION LIMIT 3",
    "DROP SCHEMA audit",
    "DROP EXTENSION pg_trgm",
    "ALTER DATABASE promptforge OWNER TO postgres",
    "REVOKE promptforge_app_writer FROM promptforge_app",
    "GRANT CONNECT ON DATABASE template1 TO PUBLIC",
  );
  const { changes, messages } = await preview(checkout);
  expect(changes).toEqual(["update pgstead:index:Access promptforge", "update pgstead:index:Access server"]);
  expect(messages).toContain('ALTER ROLE "promptforge_app" LOGIN CONNECTION LIMIT 41;');
  expect(messages).toContain('ALTER DATABASE "promptforge" OWNER TO "promptforge_owner";');
  expect(messages).toContain(
    'GRANT "promptforge_app_writer" TO "promptforge_app" WITH ADMIN FALSE, INHERIT TRUE, SET FALSE;',
  );
  expect(messages).toContain('REVOKE CONNECT ON DATABASE "template1" FROM PUBLIC;');
  expect(messages).toContain('CREATE SCHEMA "audit" AUTHORIZATION "promptforge_owner";');
  expect(messages).toContain('CREATE EXTENSION "pg_trgm" SCHEMA "public";');
  await checkout.pulumi("up", "--yes", "--skip-preview");
  expect((await preview(checkout)).changes).toEqual([]);
});

test("the administrator's password rotates", async () => {
  const old = (await checkout.outputs<Outputs>()).administratorUri;
  await checkout.configure(["pgstead:server", "administrator"], { passwordVersion: 2 });
  await checkout.pulumi("up", "--yes", "--skip-preview");
  expect((await preview(checkout)).changes).toEqual([]);
  await expect(connect(old)).rejects.toThrow(/password authentication failed/);
  expect(await asAdministrator("SELECT 1 AS one")).toEqual([{ one: 1 }]);
});

test("after kill -9 the preview says so, and up brings the server back with its data", async () => {
  await asAdministrator("CREATE TABLE app.kept (id int)", "INSERT INTO app.kept VALUES (7)");
  await killServer();
  const { changes, messages } = await preview(checkout);
  expect(changes).toEqual(["update pgstead:index:EmbeddedServer server"]);
  expect(messages).toContain("the server is not running");
  await checkout.pulumi("up", "--yes", "--skip-preview");
  expect(await asAdministrator("SELECT id FROM app.kept")).toEqual([{ id: 7 }]);
  expect((await preview(checkout)).changes).toEqual([]);
});

async function killServer(): Promise<void> {
  const [row] = await asAdministrator("SHOW data_directory");
  const pid = (await readFile(join(String(row?.data_directory), "postmaster.pid"), "utf8")).split("\n")[0];
  process.kill(Number(pid), "SIGKILL");
}

test("a schema that holds a table is not lost without its word", async () => {
  await checkout.configure(["pgstead:database", "schemas", "app"], undefined);
  const refused = await checkout.run("infra/toolchain/pulumi.ts", ["up", "--yes"], { exitCode: "any" });
  expect(refused.exitCode).not.toBe(0);
  expect(refused.text).toContain(
    "schema promptforge.app: it left the configuration and is not empty: 1 table",
  );
  expect(refused.text).toContain('pgstead:allowDataLoss: ["schema promptforge.app"]');
  const forced = await checkout.run("infra/toolchain/pulumi.ts", ["up", "--yes", "--skip-preview"], {
    exitCode: "any",
  });
  expect(forced.exitCode).not.toBe(0);
  expect(await asAdministrator("SELECT id FROM app.kept")).toEqual([{ id: 7 }]);
  await checkout.configure(["pgstead:allowDataLoss"], ["schema promptforge.app"]);
  expect((await preview(checkout)).messages).toContain('DROP SCHEMA "app" CASCADE;');
  await checkout.pulumi("up", "--yes", "--skip-preview");
  expect(await asAdministrator("SELECT count(*)::int AS n FROM pg_namespace WHERE nspname = 'app'")).toEqual([
    { n: 0 },
  ]);
  expect((await preview(checkout)).changes).toEqual([]);
});

test("destroy works with tables, open sessions and a killed server, and start works again", async () => {
  const { uris } = await checkout.outputs<Outputs>();
  await asAdministrator("CREATE TABLE public.rows AS SELECT generate_series(1, 1000) AS n");
  const open = await connect(uris.readonly!);
  const ended = expect(open.query("SELECT pg_sleep(300)")).rejects.toThrow();
  await checkout.pulumi("destroy", "--yes");
  await ended;
  await checkout.run("infra/toolchain/start.ts");
  await asAdministrator("CREATE TABLE public.more (n int)");
  await killServer();
  await checkout.pulumi("destroy", "--yes");
  expect(await readdir(join(checkout.env.PGSTEAD_DATA!, "instances"))).toEqual([]);
  await checkout.run("infra/toolchain/start.ts");
  expect((await preview(checkout)).changes).toEqual([]);
});
