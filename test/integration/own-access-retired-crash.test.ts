import { expect, test } from "vitest";
import type { PropertyMap } from "../../components/providers/properties";
import { crashAtEveryStatement, type Crash } from "../support/crash";
import { connectionTo, database, role, serverAccess, useOwnProvider } from "../support/own-provider";

const own = useOwnProvider();

const group = (schema: string) => ({
  name: `shop_${schema}_writer`,
  database: "shop",
  schema,
  profile: "writer",
});
const inGroup = (schema: string) => ({ role: group(schema).name, admin: false, inherit: true, set: false });
const shopRole = (key: string, change: PropertyMap = {}) =>
  role(`shop_${key}`, { database: "shop", ...change });
const stack = {
  stack: "shop/dev",
  closed: [
    { name: "postgres", connect: [] },
    { name: "template1", connect: [] },
  ],
};

/** A run that touches all: a group and a role leave, another role retires, and others change. */
const subject = {
  get server() {
    return own.server;
  },
  connect: (port: number) => ({ ...connectionTo(own.server), port }),
  before: (connection: PropertyMap) =>
    serverAccess(connection, {
      ...stack,
      roles: [
        shopRole("owner"),
        shopRole("old", { login: true, memberOf: [inGroup("b")] }),
        shopRole("gone", { login: true }),
        shopRole("app", { memberOf: [inGroup("b")], settings: { work_mem: "8MB" } }),
      ],
      databases: [
        database("shop", "shop_owner", {
          connect: ["shop_old", "shop_gone"],
          temporary: ["shop_a_writer", "shop_b_writer"],
        }),
      ],
      groups: [group("a"), group("b")],
    }),
  declare: (connection: PropertyMap) =>
    serverAccess(connection, {
      ...stack,
      roles: [
        shopRole("owner"),
        shopRole("old", { retired: "reassign" }),
        shopRole("app", { login: true, memberOf: [inGroup("a")], databaseSettings: { work_mem: "9MB" } }),
      ],
      databases: [
        database("shop", "shop_owner", {
          connect: ["shop_app"],
          temporary: ["shop_a_writer"],
          settings: { lock_timeout: "5s" },
        }),
      ],
      groups: [group("a")],
    }),
  async reset() {
    await own.sql("DROP DATABASE IF EXISTS shop WITH (FORCE)");
    await own.sql(
      "DROP ROLE IF EXISTS shop_a_writer, shop_b_writer, shop_old, shop_gone, shop_app, shop_owner",
    );
    await own.sql("DROP SCHEMA IF EXISTS pgstead CASCADE");
    await own.sql(
      "CREATE ROLE shop_owner; CREATE ROLE shop_old; CREATE ROLE shop_gone; CREATE ROLE shop_b_writer",
    );
    await own.sql("CREATE DATABASE shop OWNER shop_owner TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
    for (const statement of [
      "CREATE TABLE public.precious AS SELECT 7 AS n",
      "ALTER TABLE public.precious OWNER TO shop_old",
      "CREATE TABLE public.other (n int)",
      "GRANT SELECT ON public.other TO shop_gone, shop_old, shop_b_writer",
    ]) {
      await own.sql(statement, "shop");
    }
  },
  async afterCrash() {
    expect(await own.sql("SELECT n FROM public.precious", "shop")).toEqual([{ n: 7 }]);
  },
};

// Killed before a statement is killed after the one in front of it.
test.each<Crash>(["provider after", "server"])(
  "a run in which roles and groups leave converges after a crash at any statement, and loses nothing: %s",
  async (crash) => {
    expect(await crashAtEveryStatement(subject, crash)).toBeGreaterThan(20);
    expect(await own.sql("SELECT rolname::text AS n FROM pg_roles WHERE rolname ~ '^shop_b'")).toEqual([]);
    expect(
      await own.sql("SELECT tableowner::text AS o FROM pg_tables WHERE tablename = 'precious'", "shop"),
    ).toEqual([{ o: "shop_owner" }]);
  },
  300_000,
);
