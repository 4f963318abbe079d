import { completeRules } from "../../components/core/hba/check";
import type { HbaRule } from "../../components/core/hba/rule";
import type { PropertyMap } from "../../components/providers/properties";
import type { Declared } from "./provider-stack";
import { runSql } from "./own-provider";
import type { TestServer } from "./server";

/** From loopback, to all databases, with a password. */
export const loopback = { type: "host", address: "127.0.0.1/32", method: "scram-sha-256" } as const;

export const managingRule: HbaRule = { ...loopback, database: ["all"], user: ["postgres"] };

/** Asks a program on the client's host who the user is: nobody answers there, so a login fails that the rules allow. */
export const identRule: HbaRule = { ...managingRule, method: "ident" };

/** A `HostBasedAccess` with the closing rules. */
export function hostBasedAccess(
  connection: PropertyMap,
  rules: readonly HbaRule[],
  change: PropertyMap = {},
): Declared {
  const complete = completeRules(rules) as unknown as PropertyMap[];
  const inputs = { connection, rules: complete, logins: [], rollbackSeconds: 10, ...change };
  return { name: "server", token: "pgstead:index:HostBasedAccess", inputs };
}

/** What is in pg_hba.conf now. */
export async function hbaFile(server: TestServer): Promise<string> {
  const sql = "SELECT pg_read_file(current_setting('hba_file')) AS text";
  const [row] = await runSql(server, sql);
  return String(row?.text);
}

/** Files beside pg_hba.conf that a run has left. */
export async function leftovers(server: TestServer): Promise<string[]> {
  const rows = await runSql(server, "SELECT f AS name FROM pg_ls_dir('.') AS f WHERE f LIKE '%hba.conf.%'");
  return rows.map(({ name }) => String(name));
}
