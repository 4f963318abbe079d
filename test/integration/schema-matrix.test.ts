import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compareSchemas } from "../../components/core/schema/compare";
import type { SchemaComparison } from "../../components/core/schema/difference";
import { describeDifference, subjectOf } from "../../components/core/schema/describe";
import { mendSchema } from "../../components/core/schema/mend";
import type { SchemaSnapshot } from "../../components/core/schema/snapshot";
import { readSchema, readWithin } from "../../components/io/schema/read";
import type { Session } from "../../components/io/session";
import { baseSchema } from "../support/schema-base";
import { benign, mutations } from "../support/schema-mutations";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let session: Session;
let expected: SchemaSnapshot;
beforeAll(async () => {
  server = await startServer();
  const admin = await server.connect();
  await admin.query("CREATE ROLE base_owner; CREATE ROLE base_reader");
  await admin.query("CREATE DATABASE base");
  await admin.close();
  session = await server.connect("base");
  await session.query(baseSchema);
  expected = await readSchema(session);
});
afterAll(async () => {
  await session.close();
  await server.stop();
});

/** Does something in a transaction that is rolled back: a database for each of them would take half a second. */
async function changed(sql: string, use: () => Promise<void>): Promise<void> {
  await session.query("BEGIN");
  try {
    await session.query(sql.replaceAll("%DB%", "base"));
    await use();
  } finally {
    await session.query("ROLLBACK");
  }
}

async function compare(): Promise<SchemaComparison> {
  return compareSchemas(expected, await readWithin(session));
}

const told = ({ differences }: SchemaComparison): [string, string][] =>
  differences.map((one) => [subjectOf(one), describeDifference(one)]);

test("has something of nearly every kind", () => {
  const kinds = new Set(expected.objects.map(({ kind }) => kind));
  expect(kinds.size).toBeGreaterThanOrEqual(36);
});

test("has 90 changes and more, and ten that are none", () => {
  expect(mutations.length).toBeGreaterThanOrEqual(90);
  expect(benign.length).toBeGreaterThanOrEqual(10);
});

describe("a change by hand is found and named, and its statements mend it", () => {
  test.each(mutations.map((mutation) => [mutation.sql, mutation] as const))("%s", async (sql, mutation) => {
    await changed(sql, async () => {
      const comparison = await compare();
      const found = told(comparison);
      expect(found.map(([subject]) => subject).toSorted()).toEqual(
        mutation.found.map(([subject]) => subject).toSorted(),
      );
      for (const [subject, message] of mutation.found) {
        const [, said = ""] = found.find(([one]) => one === subject) ?? [];
        if (typeof message === "string") expect(said).toBe(message);
        else expect(said).toMatch(message);
      }
      const statements = mendSchema(comparison, expected).map((one) => one.sql);
      if (mutation.mended === false) {
        // A statement that does not mend would be worse than none.
        expect(statements).toEqual(mutation.tried ?? []);
        return;
      }
      for (const statement of statements) await session.query(statement);
      expect(told(await compare()), statements.join(";\n")).toEqual([]);
    });
  });
});

describe("what is no change of a schema is not told", () => {
  test.each(benign)("%s", async (sql) => {
    await changed(sql, async () => {
      const { differences, remarks } = await compare();
      expect(differences).toEqual([]);
      expect(remarks).toEqual([]);
    });
  });
});
