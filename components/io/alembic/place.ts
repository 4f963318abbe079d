import type { DockerEndpoint } from "../docker/engine";

/** Where the application is, whose Alembic runs. */
export type ApplicationPlace = {
  /** Its interpreter, with what has to stand before it: `["poetry", "run", "python"]`. */
  readonly python: readonly string[];
  /** Directory that holds alembic.ini: on this machine absolute. */
  readonly directory?: string;
  /** Environment variables of the application; nothing of it is secret. */
  readonly environment: Readonly<Record<string, string>>;
} & (
  | { readonly kind: "machine"; readonly directory: string }
  /** In a container that runs. */
  | { readonly kind: "container"; readonly engine: DockerEndpoint; readonly container: string }
  /** In a container of its own, which is gone afterwards. */
  | {
      readonly kind: "image";
      readonly engine: DockerEndpoint;
      readonly image: string;
      readonly network: string;
    }
);

/** The application as people are told. */
export function renderApplication(place: ApplicationPlace): string {
  if (place.kind === "machine") return place.directory;
  const where = place.kind === "container" ? `container ${place.container}` : `image ${place.image}`;
  return place.directory === undefined ? where : `${place.directory} of ${where}`;
}
