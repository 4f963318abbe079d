import { beforeAll, describe, expect, test } from "vitest";
import {
  database,
  databaseAccess,
  plansOf,
  role,
  serverAccess,
  useOwnProvider,
} from "../support/own-provider";

const own = useOwnProvider();

const shop = (change = {}) =>
  serverAccess(own.connection, {
    roles: [role("shop_owner")],
    databases: [database("shop", "shop_owner")],
    ...change,
  });
const alone = { exclusive: true };

beforeAll(async () => {
  await own.sql("CREATE ROLE shop_owner");
  await own.sql("CREATE DATABASE shop OWNER shop_owner");
});

describe("what somebody made by hand is told, and left alone", () => {
  test("roles and databases, on a server that is for the stack alone", async () => {
    await own.stack.up(shop(alone));
    await own.sql("CREATE ROLE stranger LOGIN");
    await own.sql("CREATE ROLE mighty SUPERUSER");
    await own.sql("CREATE ROLE club");
    await own.sql("CREATE DATABASE attic");
    expect(await own.stack.diff(shop(alone))).toMatchObject({ changed: false });
    expect(own.lastPlan()).toEqual([
      "  left alone: role club: nobody declared it",
      "  left alone: role mighty: nobody declared it: it is a superuser",
      "  left alone: role stranger: nobody declared it: it may log in",
      "  left alone: database attic: nobody declared it",
    ]);
  });

  test("nothing of it on a server that others use as well", async () => {
    const before = plansOf(own.provider).length;
    await own.stack.diff(shop());
    expect(plansOf(own.provider).slice(before)).toEqual([]);
  });

  test("schemas and extensions in a declared database, but not what an extension brought", async () => {
    const declared = databaseAccess(own.connection, "shop", {
      schemas: [{ name: "app", owner: "shop_owner" }],
      extensions: [{ name: "citext", schema: "public" }],
    });
    await own.sql(
      "CREATE EXTENSION citext SCHEMA public; CREATE SCHEMA app AUTHORIZATION shop_owner",
      "shop",
    );
    await own.stack.up(declared);
    await own.sql("CREATE SCHEMA rogue; CREATE EXTENSION hstore SCHEMA rogue", "shop");
    await own.sql("CREATE SCHEMA brought; ALTER EXTENSION hstore ADD SCHEMA brought", "shop");
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
    expect(own.lastPlan()).toEqual([
      "  left alone: schema shop.rogue: nobody declared it",
      "  left alone: extension shop.hstore: nobody declared it",
    ]);
  });
});
