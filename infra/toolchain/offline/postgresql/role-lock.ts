import type { Connection } from "./connection";

/** One at a time, in the order of asking. */
export class Mutex {
  private last: Promise<unknown> = Promise.resolve();

  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.last.then(work, work);
    this.last = result.catch(() => undefined); // its caller sees the error
    return result;
  }
}

/** Any number does; it only has to be the same in every process that runs this edition. */
const advisoryKey = 7_238_417_255_901;

/**
 * Keeps statements about roles apart, within a transaction: side by side they fail with `tuple concurrently updated`.
 *
 * Another process of this edition waits too, as long as its provider has the same database.
 */
export async function lockRoles(connection: Connection): Promise<void> {
  await connection.query("SET LOCAL statement_timeout = 0");
  await connection.query(`SELECT pg_catalog.pg_advisory_xact_lock(${advisoryKey})`);
}
