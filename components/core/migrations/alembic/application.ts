/** An application whose Alembic migrates a database, as a stack declares it. */
export interface AlembicApplication {
  /** Alembic's configuration, in the application's directory: `alembic.ini`. */
  readonly config: string;
  /** Section of it, as `alembic --name`. */
  readonly section: string;
  /** Its interpreter, with what has to stand before it: `["poetry", "run", "python"]`. */
  readonly python: readonly string[];
  /** SQLAlchemy's: `psycopg`; `none` for a URL without; absent: the first that the application has. */
  readonly driver?: string;
  /** Environment variables that get the URL. */
  readonly urlVariables: readonly string[];
  /** Further ones of the application; nothing of it is secret. */
  readonly environment: Readonly<Record<string, string>>;
  /** In a container the application's directory there; absent: the container's own. */
  readonly directory?: string;
  /** One of both, or none: then it is on this machine. */
  readonly container?: string;
  readonly image?: string;
  /** Of the containers of an image. */
  readonly network?: string;
  /** Where the application reaches the server, if not as this machine does. */
  readonly seenAt: { readonly host?: string; readonly port?: number };
  /** Last revision that lint does not judge. */
  readonly baseline?: string;
}

/** How to reach a Docker engine; empty: that of the environment, else the local one. */
export interface ApplicationEngine {
  readonly host?: string;
  readonly certPath?: string;
}

/** Where the application is. */
export type ApplicationPlace = {
  readonly python: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
} & (
  | {
      readonly kind: "machine";
      /** Absolute. */
      readonly directory: string;
    }
  /** In a container that runs. */
  | {
      readonly kind: "container";
      readonly engine: ApplicationEngine;
      readonly container: string;
      readonly directory?: string;
    }
  /** In a container of its own, which is gone afterwards. */
  | {
      readonly kind: "image";
      readonly engine: ApplicationEngine;
      readonly image: string;
      readonly network: string;
      readonly directory?: string;
    }
);

/** How the application's Alembic is run. */
export interface AlembicSetup {
  readonly place: ApplicationPlace;
  readonly config: string;
  readonly section: string;
  readonly driver?: string;
  readonly variables: readonly string[];
}

/**
 * How an application's Alembic is run.
 *
 * @param directory the application's, absolute, where it is on this machine
 */
export function resolveSetup(
  application: AlembicApplication,
  directory: string,
  engine: ApplicationEngine,
): AlembicSetup {
  const { config, section, driver, urlVariables: variables } = application;
  const place = resolvePlace(application, directory, engine);
  return { place, config, section, variables, ...(driver === undefined ? {} : { driver }) };
}

function resolvePlace(
  { python, environment, directory, container, image, network = "host" }: AlembicApplication,
  own: string,
  engine: ApplicationEngine,
): ApplicationPlace {
  const inside = { python, environment, engine, ...(directory === undefined ? {} : { directory }) };
  if (container !== undefined) return { ...inside, kind: "container", container };
  if (image !== undefined) return { ...inside, kind: "image", image, network };
  return { kind: "machine", python: python.map((word) => fromThere(own, word)), environment, directory: own };
}

/** An interpreter that is named with a slash is a path from the application's directory. */
function fromThere(directory: string, word: string): string {
  return /^[^/].*\/python[\d.]*$/.test(word) ? `${directory}/${word}` : word;
}

/** True where the application is not on this machine. */
export function isInContainer({ container, image }: AlembicApplication): boolean {
  return container !== undefined || image !== undefined;
}

/** The application as people are told. */
export function renderApplication(place: ApplicationPlace): string {
  if (place.kind === "machine") return place.directory;
  const where = place.kind === "container" ? `container ${place.container}` : `image ${place.image}`;
  return place.directory === undefined ? where : `${place.directory} of ${where}`;
}
