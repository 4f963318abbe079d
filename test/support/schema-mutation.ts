/** One change by hand, and what has to be said of it. */
export interface Mutation {
  readonly sql: string;
  /** Subject, then what is said of it: every one of them, and no other. */
  readonly found: readonly (readonly [subject: string, message: string | RegExp])[];
  /** False where no statement mends it; default true. */
  readonly mended?: false;
  /** Statements that mend it in part; default none. */
  readonly tried?: readonly string[];
}

export const one = (sql: string, subject: string, message: string | RegExp): Mutation => ({
  sql,
  found: [[subject, message]],
});
export const unmended = (sql: string, subject: string, message: string | RegExp): Mutation => ({
  ...one(sql, subject, message),
  mended: false,
});

export const missing = "is missing";
export const extra = "is there, and nothing that is declared or applied makes it";
