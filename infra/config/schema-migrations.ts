import { alembic } from "./schema-alembic";
import { choice, map, text, type Words } from "./schema-words";

const time = (words: Words) => text("a time such as 2s", words).optional();

/** Migrations of a database. */
export const migrations = (words: Pick<Words, "description" | "defaultText">) =>
  map(
    {
      engine: choice(["sql", "alembic"], {
        description:
          "What applies them. `sql`: files of SQL with markers, by pgstead itself. `alembic`: revisions of an application, by its own Alembic.",
        example: "sql",
      }).default("sql"),
      directory: text("the path of a directory", {
        description:
          "Directory of the files; with engine alembic the one that has its configuration. A relative path is one of the project's directory. Where it is not named and not there, the database has no migrations. No two databases share one.",
        example: "sql/migrations",
        defaultText: "`sql/migrations`, with `pgstead:databases` `sql/migrations/<database>`",
      }).optional(),
      alembic: alembic.optional(),
      target: text("a number in quotes, a name, a file or base", {
        description:
          "The last migration that is applied: `up` and `migrate upgrade` go no further. `base` is before the first one. `migrate downgrade` writes it, so that the next `up` does not apply again what was taken back.",
        example: '"0007"',
        defaultText: "the last file",
      }).optional(),
      downgrade: choice(["allow", "refuse"], {
        description:
          "`allow`: where more is applied than `target` says, `up` takes it back. What loses data by that needs its entry in `pgstead:allowDataLoss` as well. Remove the word once it happened.",
        example: "allow",
      }).default("refuse"),
      lockTimeout: time({
        description:
          "Longest wait for a lock (`lock_timeout`), and so of everybody who waits behind it. Then the file is rolled back and tried again.",
        example: "2s",
        defaultText: "`2s`",
      }),
      statementTimeout: time({
        description:
          "Longest time of a statement (`statement_timeout`); 0 is none. Builds of indexes CONCURRENTLY have none.",
        example: "15min",
        defaultText: "`15min`",
      }),
      retryFor: time({
        description: "For how long a file is tried again that others are in the way of.",
        example: "10min",
        defaultText: "`10min`",
      }),
    },
    { example: '{ target: "0007" }', ...words },
  );
