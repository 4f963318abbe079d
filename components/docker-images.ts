import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { DockerImages } from "./docker-stack";

export interface DockerImagesArgs {
  /** What the names of the images begin with. */
  readonly name: string;
  /** Version of PostgreSQL, `17` or with a minor version: the tag. */
  readonly version: string;
  /** Directory that has `postgres`, `ops` and `monitoring`, each with a Dockerfile. */
  readonly directory: string;
  /** Image of Debian trixie; absent: the one that the Dockerfiles name. */
  readonly base?: string;
  /** Written into each image, so that what belongs to a stack can be found. */
  readonly label: string;
}

/** Builds the images on the engine; nothing is pushed, and nothing built where nothing changed. */
export function createImages(
  args: DockerImagesArgs,
  options: pulumi.CustomResourceOptions,
): DockerImages & { readonly resources: readonly docker.Image[] } {
  const base: Record<string, string> = args.base === undefined ? {} : { BASE: args.base };
  const postgres = createImage("postgres", args, { ...base, POSTGRES_VERSION: args.version }, options);
  // By its tag, as a builder knows; the id makes sure that it is built anew when the image below it is another one.
  const onPostgres = { BASE: postgres.imageName, BASE_ID: postgres.repoDigest };
  const ops = createImage("ops", args, onPostgres, options);
  const monitoring = createImage("monitoring", args, base, options);
  return {
    postgres: postgres.repoDigest,
    ops: ops.repoDigest,
    monitoring: monitoring.repoDigest,
    resources: [postgres, ops, monitoring],
  };
}

function createImage(
  kind: string,
  { name, version, directory, label }: DockerImagesArgs,
  args: Readonly<Record<string, pulumi.Input<string>>>,
  options: pulumi.CustomResourceOptions,
): docker.Image {
  const context = `${directory}/${kind}`;
  return new docker.Image(
    `${kind}-image`,
    {
      imageName: `${name}-${kind}:${version}`,
      skipPush: true,
      build: {
        context,
        dockerfile: `${context}/Dockerfile`,
        args: { ...args, STACK: label },
        // The packages come by the engine's own way to the network.
        network: "host",
      },
    },
    options,
  );
}
