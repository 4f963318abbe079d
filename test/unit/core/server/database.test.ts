import { expect, test } from "vitest";
import {
  diffDatabase,
  refuseFixed,
  type ActualDatabase,
  type DatabaseAttributes,
} from "../../../../components/core/server/database";

const shop: DatabaseAttributes = {
  name: "shop",
  owner: "shop_owner",
  encoding: "UTF8",
  lcCollate: "C",
  lcCtype: "C",
  template: "template0",
  connectionLimit: -1,
};

function onServer(change: Partial<ActualDatabase> = {}): ActualDatabase {
  const { template: _template, ...rest } = shop;
  return { ...rest, allowConnections: true, sizeBytes: null, acl: [], ...change };
}

test("a database that is as declared needs nothing", () => {
  expect(diffDatabase(shop, onServer())).toEqual([]);
  expect(refuseFixed(shop, shop, onServer())).toEqual([]);
});

test("a new one is made outside of a transaction", () => {
  expect(diffDatabase({ ...shop, name: 'sh"op', connectionLimit: 5 }, undefined)).toEqual([
    {
      sql: `CREATE DATABASE "sh""op" OWNER "shop_owner" TEMPLATE "template0" ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' CONNECTION LIMIT 5`,
      reason: "declared and not on the server",
      risk: "none",
      kind: "database",
      transactional: false,
    },
  ]);
});

test("owner, limit and closed doors are set back", () => {
  const actual = onServer({ owner: "postgres", connectionLimit: 0, allowConnections: false });
  expect(diffDatabase(shop, actual)).toEqual([
    {
      sql: 'ALTER DATABASE "shop" OWNER TO "shop_owner"',
      reason: "the server has owner postgres",
      risk: "access",
      kind: "owner",
    },
    {
      sql: 'ALTER DATABASE "shop" ALLOW_CONNECTIONS true',
      reason: "the server takes no connections to it",
      risk: "access",
      kind: "database",
    },
    {
      sql: 'ALTER DATABASE "shop" CONNECTION LIMIT -1',
      reason: "the server has CONNECTION LIMIT 0",
      risk: "access",
      kind: "database",
    },
  ]);
});

test.each([
  ["encoding", { encoding: "LATIN1" }, "UTF8", "LATIN1"],
  ["lcCollate", { lcCollate: "en_US.utf8" }, "C", "en_US.utf8"],
  ["lcCtype", { lcCtype: "en_US.utf8" }, "C", "en_US.utf8"],
  ["template", { template: "template1" }, "template0", "template1"],
])("a change of %s is refused, with what to do instead", (property, change, was, wanted) => {
  expect(refuseFixed({ ...shop, ...change }, shop, onServer())).toEqual([
    {
      subject: "database shop",
      message: `its ${property} cannot change from ${was} to ${wanted}`,
      hint: `set it back to ${was}, or declare a new database beside it, copy the data, and remove the old one`,
    },
  ]);
});

test("a new database is not compared with anything; an adopted one with the server", () => {
  expect(refuseFixed(shop, undefined, undefined)).toEqual([]);
  expect(refuseFixed(shop, undefined, onServer({ encoding: "SQL_ASCII" }))).toHaveLength(1);
});
