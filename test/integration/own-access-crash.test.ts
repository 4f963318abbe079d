import { expect, test } from "vitest";
import { crashAtEveryStatement, type Crash } from "../support/crash";
import { connectionTo, database, role, serverAccess, useOwnProvider } from "../support/own-provider";

const own = useOwnProvider();

const subject = {
  get server() {
    return own.server;
  },
  connect: (port: number) => ({ ...connectionTo(own.server), port }),
  declare: (connection: ReturnType<typeof connectionTo>) =>
    serverAccess(connection, {
      roles: [role("crash_owner"), role("crash_app", { connectionLimit: 4 })],
      databases: [database("crash_shop", "crash_owner")],
    }),
  async reset() {
    await own.sql("DROP DATABASE IF EXISTS crash_shop");
    await own.sql("DROP ROLE IF EXISTS crash_owner");
    await own.sql("DROP ROLE IF EXISTS crash_app");
  },
};

test.each<Crash>(["provider before", "provider after", "server"])(
  "scope server converges after a crash at any statement: %s",
  async (crash) => {
    expect(await crashAtEveryStatement(subject, crash)).toBeGreaterThan(5);
  },
  300_000,
);
