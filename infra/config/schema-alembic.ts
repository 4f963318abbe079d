import { z } from "zod";
import { integer, map, mapOf, text } from "./schema-words";

const words = (allowed: string, example: string, description: string) =>
  z
    .array(text(allowed, { description, example }))
    .meta({ allowed: "a list", description, example: `[${example}]` });

/** The application whose Alembic migrates a database. */
export const alembic = map(
  {
    config: text("the name of a file", {
      description: "Alembic's configuration, in `directory`.",
      example: "alembic.ini",
    }).default("alembic.ini"),
    section: text("the name of a section", {
      description: "Section of that configuration, as `alembic --name` takes it.",
      example: "shop",
    }).default("alembic"),
    python: words(
      "a word of a command",
      ".venv/bin/python",
      "The application's own interpreter, with what has to stand before it, such as `[poetry, run, python]`. It has Alembic and the application's models.",
    ).default(["python3"]),
    driver: text("the name of a driver", {
      description:
        "SQLAlchemy's driver, which stands in the URL: `postgresql+psycopg://`. `none` for a URL without.",
      example: "psycopg",
      defaultText: "the first of `psycopg`, `psycopg2` and `asyncpg` that the application has",
    }).optional(),
    urlVariables: words(
      "the name of an environment variable",
      "DATABASE_URL",
      "Environment variables that hold the migrator's URL while `env.py` runs; `sqlalchemy.url` of Alembic's configuration holds it as well.",
    ).default(["DATABASE_URL"]),
    environment: mapOf(
      text("a text", { description: "A value, which is not secret.", example: "production" }),
      {
        description:
          "Further environment variables of the application. Nothing secret: the plan may show them.",
        example: "{ APP_ENV: migration }",
      },
    ).default({}),
    container: text("the name of a container", {
      description:
        "Running container that the application is in; `directory` is one of the container's then.",
      example: "shop-web",
      defaultText: "the application is on this machine",
    }).optional(),
    image: text("an image", {
      description:
        "Image of the application, which a container of its own is made of for each run; `directory` is one of the image's then.",
      example: "shop:4.2",
      defaultText: "the application is on this machine",
    }).optional(),
    network: text("the name of a network", {
      description: "Docker's network of the containers that are made of `image`.",
      example: "shop",
    }).default("host"),
    host: text("a name or an address", {
      description: "Where the application's container reaches the server, if not where this machine does.",
      example: "prod-server",
      defaultText: "as this machine",
    }).optional(),
    port: integer(1, 65_535, {
      description: "The port there.",
      example: "5432",
      defaultText: "as this machine",
    }).optional(),
    baseline: text("a revision", {
      description:
        "Last revision that ran before pgstead did: `migrate lint` does not judge it, nor those before it.",
      example: '"ae1027a6acf"',
      defaultText: "none: all are judged",
    }).optional(),
  },
  {
    description: "Engine alembic: the application, and how its Alembic is run.",
    example: "{ python: [.venv/bin/python] }",
  },
);
