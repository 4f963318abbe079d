/** What a finding is of, from the worst to the mildest. */
export const findingClasses = ["data-loss", "rewrite", "lock", "breaking", "opaque", "review"] as const;
export type FindingClass = (typeof findingClasses)[number];

interface Rule {
  readonly class: FindingClass;
  /** The safe way to do it, or what to look at. */
  readonly hint: string;
}

const backup = "take what is still wanted elsewhere first; it comes back from a backup only";
const laterDrop = "release code that does without it first, and drop it in a later migration";
const oneByOne = "in a file with `-- transaction: none`";

/** Every rule of the gate; an id stays what it is, as files name it. */
export const rules = {
  "drop-table": { class: "data-loss", hint: `${laterDrop}; ${backup}` },
  "drop-column": { class: "data-loss", hint: `${laterDrop}; ${backup}` },
  "drop-schema": {
    class: "data-loss",
    hint: `drop what is in it one by one, each where it is looked at; ${backup}`,
  },
  "drop-database": { class: "data-loss", hint: "databases are declared in the stack, and dropped there" },
  "drop-sequence": { class: "data-loss", hint: "note where it stands: its numbers begin anew otherwise" },
  "drop-extension": {
    class: "data-loss",
    hint: "its own tables go with it; extensions are declared in the stack",
  },
  "drop-type-attribute": { class: "data-loss", hint: `every column of this type loses it; ${backup}` },
  "drop-cascade": {
    class: "data-loss",
    hint: "leave CASCADE out and drop by name what the server says depends on it: CASCADE takes what nobody looked at",
  },
  "drop-owned": {
    class: "data-loss",
    hint: "`retired: reassign` of the role in the stack keeps what it owns",
  },
  "drop-large-object": { class: "data-loss", hint: backup },
  truncate: { class: "data-loss", hint: backup },
  "truncate-cascade": {
    class: "data-loss",
    hint: "name the tables: CASCADE empties every table that refers to it",
  },
  "delete-all": { class: "data-loss", hint: "say which rows in a WHERE" },
  "update-all": {
    class: "data-loss",
    hint: "say which rows in a WHERE, or write to a new column and keep the old one",
  },
  "merge-all": { class: "data-loss", hint: "say which rows: WHEN … AND <condition> THEN" },
  "narrow-type": {
    class: "data-loss",
    hint: "add a column of the new type, fill it, look at the differences, then switch",
  },
  "set-unlogged": { class: "data-loss", hint: "an unlogged table is empty after a crash, and on standbys" },
  "detach-partition": {
    class: "data-loss",
    hint: `its rows leave the table; DETACH PARTITION … CONCURRENTLY ${oneByOne} waits for nobody`,
  },
  "alter-extension-drop": {
    class: "data-loss",
    hint: "the object is not the extension's any more: the next DROP or dump treats it differently",
  },

  "change-type": {
    class: "rewrite",
    hint: "add a column of the new type, fill it in batches, then switch; both directions stay possible",
  },
  "volatile-default": {
    class: "rewrite",
    hint: "add the column without a default, set the default, then fill old rows in batches",
  },
  "stored-column": {
    class: "rewrite",
    hint: "add a plain column and a trigger, fill old rows in batches; or compute it in a view",
  },
  "identity-column": {
    class: "rewrite",
    hint: "add a plain column, fill it in batches from the sequence, then ADD GENERATED … AS IDENTITY",
  },
  "constrained-domain-column": {
    class: "rewrite",
    hint: "add the column with the base type and a CHECK … NOT VALID",
  },
  "set-logged": { class: "rewrite", hint: "do it while the table is small" },
  "move-storage": {
    class: "rewrite",
    hint: "the whole table is copied under a lock: do it in a maintenance window, or with a tool that copies online",
  },
  "vacuum-full": {
    class: "rewrite",
    hint: "plain VACUUM does not lock; for bloat a tool such as pg_repack copies online",
  },
  cluster: {
    class: "rewrite",
    hint: "do it in a maintenance window: nobody reads or writes the table meanwhile",
  },

  "create-index": { class: "lock", hint: `CREATE INDEX CONCURRENTLY ${oneByOne}` },
  "drop-index": { class: "lock", hint: `DROP INDEX CONCURRENTLY ${oneByOne}` },
  reindex: { class: "lock", hint: `REINDEX … CONCURRENTLY ${oneByOne}` },
  "add-check": {
    class: "lock",
    hint: "ADD CONSTRAINT … NOT VALID, and VALIDATE CONSTRAINT in a later migration",
  },
  "add-foreign-key": {
    class: "lock",
    hint: "ADD CONSTRAINT … NOT VALID, and VALIDATE CONSTRAINT in a later migration",
  },
  "add-unique": {
    class: "lock",
    hint: `CREATE UNIQUE INDEX CONCURRENTLY ${oneByOne}, then ADD CONSTRAINT … USING INDEX`,
  },
  "add-exclusion": {
    class: "lock",
    hint: "it cannot be made beside running writes: do it while the table is small",
  },
  "set-not-null": {
    class: "lock",
    hint: "ADD CONSTRAINT … CHECK (… IS NOT NULL) NOT VALID, VALIDATE it in a later migration, then SET NOT NULL: it scans no more",
  },
  "attach-partition": {
    class: "lock",
    hint: "give the partition a valid CHECK that says its bounds first: it is not scanned then",
  },
  "constrain-domain": {
    class: "lock",
    hint: "ADD CONSTRAINT … NOT VALID, and VALIDATE CONSTRAINT in a later migration",
  },
  "validate-under-lock": {
    class: "lock",
    hint: "VALIDATE it in a migration of its own: the lock before it is held until the transaction ends",
  },
  "write-under-lock": {
    class: "lock",
    hint: "change the rows in a migration of their own: the lock before it is held until the transaction ends",
  },
  "lock-table": { class: "lock", hint: "leave it out: each statement takes the lock that it needs" },
  "refresh-view": {
    class: "lock",
    hint: "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index",
  },

  rename: {
    class: "breaking",
    hint: "add the new name beside the old one (a view, a column that a trigger fills), release, then drop the old one",
  },
  "set-schema": {
    class: "breaking",
    hint: "leave a view at the old place until the code that asks for it is gone",
  },
  "add-required-column": {
    class: "breaking",
    hint: "give it a constant DEFAULT, or add it without NOT NULL, fill it, then SET NOT NULL",
  },
  "drop-object": { class: "breaking", hint: laterDrop },
  "drop-constraint": {
    class: "breaking",
    hint: "what relies on it (ON CONFLICT, cascades, valid rows) has to be gone first",
  },
  "drop-default": { class: "breaking", hint: "release code that gives a value first" },
  "drop-not-null": { class: "breaking", hint: "release code that takes NULL first" },
  "change-generation": { class: "breaking", hint: "release code that fits both first" },
  "change-inheritance": { class: "breaking", hint: "queries of the parent see other rows afterwards" },
  "row-security": {
    class: "breaking",
    hint: "who sees which rows changes for everybody at once: test it as the application's role",
  },
  "change-trigger": {
    class: "breaking",
    hint: "writes do other things from now on: audit and derived rows included",
  },
  revoke: {
    class: "breaking",
    hint: "privileges are declared in the stack, where the preview shows whom it concerns",
  },
  "change-owner": { class: "breaking", hint: "owners are declared in the stack, which takes this back" },
  "change-publication": { class: "breaking", hint: "subscribers stop getting rows, or their apply fails" },
  "make-view-unreadable": { class: "breaking", hint: "REFRESH it WITH DATA: readers get an error otherwise" },

  "dynamic-sql": {
    class: "opaque",
    hint: "write the statements out; what EXECUTE puts together cannot be judged before it runs",
  },
  "unreadable-body": { class: "opaque", hint: "write it in SQL or PL/pgSQL that PostgreSQL 18 reads" },
  "foreign-language": { class: "opaque", hint: "write it in SQL or PL/pgSQL, or have its text reviewed" },
  "run-program": {
    class: "opaque",
    hint: "a migration runs no programs and reads no files of the server: give the rows as INSERT",
  },
  "load-library": { class: "opaque", hint: "libraries are declared in the stack's settings" },
  "run-prepared": { class: "opaque", hint: "write the statement itself" },
  "call-procedure": { class: "opaque", hint: "write what it does as statements, or say what was looked at" },
  "needs-connection": {
    class: "opaque",
    hint: "have it do without a connection, as with op.execute, so that its SQL can be shown and judged",
  },

  "function-call": {
    class: "review",
    hint: "what this function does is not in this statement: look at it, then say so",
  },
  "function-body": { class: "review", hint: "it runs when it is called: is that what it is for?" },
  "type-using": {
    class: "review",
    hint: "try the expression on a copy of the data: what it does not take over is lost",
  },
  "weak-condition": {
    class: "review",
    hint: "count the rows that it leaves out: a column that is never NULL leaves none",
  },
  "server-wide": {
    class: "review",
    hint: "roles, databases, settings and tablespaces are declared in the stack, which takes this back",
  },
  "grant-public": {
    class: "review",
    hint: "grant to a group of the schema; the stack declares who belongs to it",
  },
  "grant-role": { class: "review", hint: "memberships are declared in the stack, which takes this back" },
  "session-guard": { class: "review", hint: "leave the limits and checks on that migrations run with" },
  "security-definer": {
    class: "review",
    hint: "whoever may call it acts as its owner: give it a search_path of its own",
  },
  "write-catalog": { class: "review", hint: "use the command that PostgreSQL has for it" },
  "rewrite-rule": { class: "review", hint: "a trigger is easier to foresee than a rule" },
  "database-trigger": { class: "review", hint: "it concerns every session and every later migration" },
  "connect-elsewhere": {
    class: "review",
    hint: "it reaches another server: names and secrets in it stay in this file for ever",
  },
  "restart-sequence": {
    class: "review",
    hint: "numbers that are in use come again: compare with the highest one",
  },
  "change-definition": {
    class: "review",
    hint: "what is built on it may behave differently: look at what depends on it",
  },
  "unknown-statement": {
    class: "review",
    hint: "this program knows no rule for it: look at what it does, then say so",
  },
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleId = keyof typeof rules;

export const ruleIds = Object.keys(rules) as readonly RuleId[];

/** What a rule says of a statement. */
export interface Hit {
  readonly rule: RuleId;
  /** In lower case and without a full stop. */
  readonly message: string;
}

export function hit(rule: RuleId, message: string): Hit {
  return { rule, message };
}
