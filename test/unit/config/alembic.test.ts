import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../infra/config";
import { testCases } from "./bad-configuration";

const migrations = (written: unknown) => {
  const raw = { "pgstead:database": { name: "shop" }, "pgstead:migrations": written };
  return parseConfig(raw, { stack: "dev" }).databases[0]?.migrations;
};

describe("an application with Alembic", () => {
  test("needs its directory, and has the usual words of Alembic for the rest", () => {
    expect(migrations({ engine: "alembic", directory: "../shop", target: "AE10_27" })).toMatchObject({
      engine: "alembic",
      target: "AE10_27",
      alembic: {
        config: "alembic.ini",
        section: "alembic",
        python: ["python3"],
        urlVariables: ["DATABASE_URL"],
        environment: {},
        directory: "../shop",
        seenAt: {},
      },
    });
  });

  test("may be in a container, where the server has another name", () => {
    const alembic = {
      container: "shop-web",
      host: "prod-server",
      port: 5432,
      python: ["poetry", "run", "python"],
    };
    expect(migrations({ engine: "alembic", alembic })?.alembic).toMatchObject({
      container: "shop-web",
      python: ["poetry", "run", "python"],
      seenAt: { host: "prod-server", port: 5432 },
    });
  });

  test("shares its directory with another database: sections tell them apart", () => {
    const of = (section: string) => ({ engine: "alembic", directory: "../shop", alembic: { section } });
    const raw = { "pgstead:databases": { a: { migrations: of("a") }, b: { migrations: of("b") } } };
    expect(() => parseConfig(raw, { stack: "dev" })).not.toThrow();
  });

  test("has its entries of allowed losses", () => {
    const raw = {
      "pgstead:database": { name: "shop" },
      "pgstead:migrations": { engine: "alembic", directory: "../shop" },
      "pgstead:allowDataLoss": ["migration shop/ae1027_drop.py"],
    };
    expect(() => parseConfig(raw, { stack: "dev" })).not.toThrow();
  });
});

describe("a mistake about an application is told", () => {
  const written = (more: Record<string, unknown>, alembic: Record<string, unknown> = {}) => ({
    "pgstead:migrations": { engine: "alembic", directory: "../shop", ...more, alembic },
  });
  const at = "pgstead:migrations";
  testCases([
    {
      what: "no place",
      change: { [at]: { engine: "alembic" } },
      says: [
        `${at}.directory: is missing: nobody knows where the application is / name the directory that has its alembic.ini, or alembic.container, or alembic.image`,
      ],
    },
    {
      what: "two places",
      change: written({}, { container: "a", image: "b" }),
      says: [`${at}.alembic.image: stands beside container / keep the one that Alembic runs in`],
    },
    {
      what: "another engine",
      change: { [at]: { alembic: { section: "shop" } } },
      says: [`${at}.alembic: is of another engine / write \`engine: alembic\` beside it, or delete it`],
    },
    {
      what: "words that mean nothing, together",
      change: written({ downgrade: "allow" }, { python: [], urlVariables: ["A-B"], driver: "a+b" }),
      says: [
        `${at}.alembic.python: is empty / name at least the interpreter, such as [python3]`,
        `${at}.alembic.urlVariables: has what is no name of a variable / write it such as DATABASE_URL`,
        `${at}.alembic.driver: is no driver of SQLAlchemy / write it such as psycopg`,
        `${at}.downgrade: is not for Alembic: \`up\` takes no revision back / use \`migrate downgrade\``,
      ],
    },
  ]);
});
