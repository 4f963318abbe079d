import { Client } from "pg";
import { expect, test } from "vitest";
import type { PropertyMap } from "../../components/providers/properties";
import { database, login, role, serverAccess, useOwnProvider } from "../support/own-provider";

const own = useOwnProvider();
const app = login("app", { database: "shop" });

const shown = () => own.lastPlan().map((line) => line.trim().split(";  --")[0]);

function declare(change: { role?: PropertyMap; database?: PropertyMap } = {}) {
  return serverAccess(own.connection, {
    roles: [role("shop_owner", { database: "shop" }), { ...app.inputs, ...change.role }],
    databases: [database("shop", "shop_owner", { connect: ["app"], ...change.database })],
  });
}

/** What a new session of the role has: any client's, as ours bring settings of their own. */
async function show(name: string): Promise<unknown> {
  const { host, port } = own.server;
  const client = new Client({ host, port, user: "app", password: app.password, database: "shop" });
  await client.connect();
  try {
    const { rows } = await client.query<{ value: string }>("SELECT current_setting($1) AS value", [name]);
    return rows[0]?.value;
  } finally {
    await client.end();
  }
}

test("settings of roles, databases and both are set, and new sessions have them", async () => {
  const declared = declare({
    role: {
      settings: { statement_timeout: "30s", temp_tablespaces: [], "app.tenant": "it's; \\ mine" },
      databaseSettings: { work_mem: "8MB" },
    },
    database: {
      settings: { DateStyle: "ISO, DMY", lock_timeout: "5s", log_statement: "ddl" },
    },
  });
  await own.stack.up(declared);
  expect(shown().filter((line) => (line ?? "").includes(" SET "))).toEqual([
    `ALTER DATABASE "shop" SET "DateStyle" TO 'ISO, DMY'`,
    `ALTER DATABASE "shop" SET "lock_timeout" TO '5s'`,
    `ALTER DATABASE "shop" SET "log_statement" TO 'ddl'`,
    `ALTER ROLE "app" SET "app.tenant" TO E'it''s; \\\\ mine'`,
    `ALTER ROLE "app" SET "statement_timeout" TO '30s'`,
    `ALTER ROLE "app" SET "temp_tablespaces" TO ''`,
    `ALTER ROLE "app" IN DATABASE "shop" SET "work_mem" TO '8MB'`,
  ]);
  expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  expect(await show("statement_timeout")).toBe("30s");
  expect(await show("app.tenant")).toBe("it's; \\ mine");
  expect(await show("lock_timeout")).toBe("5s");
  expect(await show("work_mem")).toBe("8MB");
  expect(await show("log_statement")).toBe("ddl");
});

test.each<[string, string | string[], string]>([
  ["a list", ["app", 'My "own"', "public"], 'app, "My ""own""", public'],
  ["a keyword and a dot", ["user", "a.b", "$user"], '"user", "a.b", "$user"'],
  ["one text", 'app, "$user"', 'app, "$user"'],
  ["capitals without quotes, which PostgreSQL makes small", "App", "app"],
  ["nothing", [], '""'],
])("search_path as %s is a list of names, and the preview after it is empty", async (_what, value, found) => {
  const declared = declare({ role: { settings: { search_path: value } } });
  await own.stack.up(declared);
  expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  expect(await show("search_path")).toBe(found);
});

test("what was set or reset by hand is found and set back, and what nobody declared is reset", async () => {
  const declared = declare({ role: { settings: { work_mem: "4MB" } } });
  await own.stack.up(declared);
  await own.sql("ALTER ROLE app SET work_mem = '1GB'");
  await own.sql("ALTER ROLE app SET app.secret = 'do not print'");
  await own.sql("ALTER ROLE app IN DATABASE postgres SET work_mem = '2GB'");
  await own.sql("ALTER DATABASE shop SET synchronous_commit = off");
  expect(await own.stack.diff(declared)).toMatchObject({ changed: true, detailed: { live: "update" } });
  expect(own.lastPlan()).toEqual([
    '  ALTER DATABASE "shop" RESET "synchronous_commit";  -- nobody declared it [access]',
    '  ALTER ROLE "app" RESET "app.secret";  -- nobody declared it [access]',
    `  ALTER ROLE "app" SET "work_mem" TO '4MB';  -- the server has 1GB [access]`,
    '  ALTER ROLE "app" IN DATABASE "postgres" RESET "work_mem";  -- nobody declared it [access]',
  ]);
  await own.stack.up(declared);
  expect(await show("work_mem")).toBe("4MB");
  expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
});

test("settings of others are told and left alone, unless the database is authoritative", async () => {
  await own.sql("CREATE ROLE stranger");
  await own.sql("ALTER ROLE stranger IN DATABASE shop SET work_mem = '1MB'");
  await own.sql("ALTER ROLE stranger SET work_mem = '2MB'");
  await own.sql("ALTER ROLE ALL SET tcp_keepalives_idle = 60");
  const declared = declare();
  await own.stack.up(declared);
  expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  expect(own.lastPlan()).toEqual([
    "  left alone: role stranger in database shop: nobody declared work_mem",
    "  left alone: ALTER ROLE ALL: nobody declared tcp_keepalives_idle",
  ]);
  const strict = declare({ database: { authoritative: true } });
  await own.stack.up(strict);
  expect(shown()[0]).toBe('ALTER ROLE "stranger" IN DATABASE "shop" RESET "work_mem"');
  expect(await own.stack.diff(strict)).toMatchObject({ changed: false });
});

test("a value that PostgreSQL refuses is told with the statement, and nothing of the run stays", async () => {
  const wrong = declare({ role: { connectionLimit: 3, settings: { statement_timeout: "soon" } } });
  await expect(own.stack.up(wrong)).rejects.toThrow(
    /ALTER ROLE "app" SET "statement_timeout" TO 'soon'[\s\S]*invalid value/,
  );
  expect(await own.sql("SELECT rolconnlimit AS n FROM pg_roles WHERE rolname = 'app'")).toEqual([{ n: -1 }]);
});
