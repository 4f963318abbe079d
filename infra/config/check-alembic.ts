import type { AlembicApplication } from "../../components/core/migrations/alembic/application";
import type { Problem } from "../../components/core/problem";
import { at } from "./check-server";
import type { Draft } from "./draft";
import type { WrittenDatabase } from "./schema";

type Written = NonNullable<WrittenDatabase["migrations"]>;
type Alembic = NonNullable<Written["alembic"]>;

/** The application as it is; undefined with another engine. */
export function resolveAlembic(written: Written | undefined): AlembicApplication | undefined {
  if (written?.engine !== "alembic") return undefined;
  const { directory, alembic = {} } = written;
  const { config, section, python, driver, urlVariables, environment }: Partial<Alembic> = alembic;
  const { container, image, network = "host", host, port, baseline }: Partial<Alembic> = alembic;
  return {
    config: config ?? "alembic.ini",
    section: section ?? "alembic",
    python: python ?? ["python3"],
    ...(driver === undefined ? {} : { driver }),
    urlVariables: urlVariables ?? ["DATABASE_URL"],
    environment: environment ?? {},
    ...(container === undefined ? {} : { container }),
    ...(image === undefined ? {} : { image, network }),
    ...(directory === undefined ? {} : { directory }),
    seenAt: { ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port }) },
    ...(baseline === undefined ? {} : { baseline }),
  };
}

/** What the types alone cannot tell about an application. */
export function checkAlembic({ migrationsPath, written: { migrations } }: Draft): Problem[] {
  if (migrations === undefined) return [];
  const path = [...migrationsPath, "alembic"];
  if (migrations.engine !== "alembic") {
    const hint = "write `engine: alembic` beside it, or delete it";
    return at(path, migrations.alembic && { message: "is of another engine", hint });
  }
  const { container, image, python, urlVariables = [], driver } = migrations.alembic ?? {};
  const isHere = container === undefined && image === undefined;
  const empty = { message: "is empty", hint: "name at least the interpreter, such as [python3]" };
  return [
    ...at(
      [...migrationsPath, "directory"],
      isHere && migrations.directory === undefined ? noDirectory : undefined,
    ),
    ...at(
      [...path, "image"],
      container !== undefined && image !== undefined
        ? { message: "stands beside container", hint: "keep the one that Alembic runs in" }
        : undefined,
    ),
    ...at([...path, "python"], python?.length === 0 || python?.[0]?.trim() === "" ? empty : undefined),
    ...at(
      [...path, "urlVariables"],
      urlVariables.every((name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
        ? undefined
        : { message: "has what is no name of a variable", hint: "write it such as DATABASE_URL" },
    ),
    ...at(
      [...path, "driver"],
      driver === undefined || /^[a-z0-9_]+$/.test(driver)
        ? undefined
        : { message: "is no driver of SQLAlchemy", hint: "write it such as psycopg" },
    ),
    ...at(
      [...migrationsPath, "downgrade"],
      migrations.downgrade === "allow"
        ? { message: "is not for Alembic: `up` takes no revision back", hint: "use `migrate downgrade`" }
        : undefined,
    ),
  ];
}

const noDirectory = {
  message: "is missing: nobody knows where the application is",
  hint: "name the directory that has its alembic.ini, or alembic.container, or alembic.image",
};
