import { describe, expect, test } from "vitest";
import {
  statusFindings,
  type DatabaseStatus,
  type RoleStatus,
  type ServerStatus,
} from "../../../components/core/status";

const declared = {
  administrator: "postgres",
  databases: [
    {
      name: "shop",
      extensions: [{ name: "pg_trgm" }],
      schemas: ["public", "api"],
      roles: [
        { name: "shop_owner", login: false },
        { name: "shop_app", login: true },
      ],
    },
  ],
};

function role(name: string, other: Partial<RoleStatus> = {}): RoleStatus {
  const usual = { login: true, superuser: false, connectionLimit: -1, connections: 0 };
  return { name, ...usual, validUntil: null, expired: false, ...other };
}

const database = {
  name: "shop",
  owner: "shop_owner",
  sizeBytes: 1,
  connections: 0,
  connectionLimit: -1,
  allowConnections: true,
};

const server: ServerStatus = {
  version: "17.10",
  uptimeSeconds: 1,
  dataDirectory: null,
  inRecovery: false,
  maxConnections: 100,
  reservedConnections: 3,
  connections: 0,
  databases: [database],
  roles: [role("postgres", { superuser: true }), role("shop_owner", { login: false }), role("shop_app")],
};

const schema = { owner: "shop_owner", tables: 0, views: 0, functions: 0, sizeBytes: 0 };
const inside: DatabaseStatus = {
  database: "shop",
  extensions: [{ name: "pg_trgm", version: "1.6", schema: "public", defaultVersion: "1.6" }],
  schemas: [
    { name: "public", ...schema },
    { name: "api", ...schema },
  ],
};

function find(change: Partial<ServerStatus>, content: readonly DatabaseStatus[] = [inside]): string[] {
  const findings = statusFindings(declared, { ...server, ...change }, content, "npm start");
  expect(findings.every(({ hint }) => hint.length > 0)).toBe(true);
  return findings.map(({ subject, message }) => `${subject}: ${message}`);
}

describe("findings of status", () => {
  test("there are none where all is as declared", () => {
    expect(find({})).toEqual([]);
  });

  test("a missing database is one finding, not one for each thing in it", () => {
    expect(find({ databases: [] }, [])).toEqual(["database shop: declared and not on the server"]);
  });

  test("a database that takes no connections is found", () => {
    expect(find({ databases: [{ ...database, allowConnections: false }] }, [])).toEqual([
      "database shop: the server takes no connections to it",
    ]);
  });

  test("missing schemas, extensions and roles are found together", () => {
    const empty = { ...inside, extensions: [], schemas: inside.schemas.slice(0, 1) };
    expect(find({ roles: server.roles.slice(0, 2) }, [empty])).toEqual([
      "schema shop.api: declared and not on the server",
      "extension shop.pg_trgm: declared and not on the server",
      "role shop_app: declared and not on the server",
    ]);
  });

  test.each([
    [{ login: false }, "declared to log in and NOLOGIN on the server"],
    [{ connectionLimit: 0 }, "cannot log in: CONNECTION LIMIT 0"],
    [
      { expired: true, validUntil: "2020-01-01T00:00:00Z" },
      "cannot log in: its password expired at 2020-01-01T00:00:00Z",
    ],
    [{ superuser: true }, "is superuser; postgres alone is declared to be"],
  ])("a login with %j is found", (change, message) => {
    const roles = [...server.roles.slice(0, 2), role("shop_app", change)];
    expect(find({ roles })).toEqual([`role shop_app: ${message}`]);
  });

  test("a superuser that nobody declared is found, other roles are not", () => {
    const roles = [...server.roles, role("eve", { superuser: true }), role("guest")];
    expect(find({ roles })).toEqual(["role eve: is superuser; postgres alone is declared to be"]);
  });
});
