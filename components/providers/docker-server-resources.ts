import * as pulumi from "@pulumi/pulumi";
import type { Tls } from "../core/connection";
import type { DesiredHost } from "../core/docker/host";
import type { Ulimit } from "../core/docker/ulimits";
import type { Refusal } from "../core/statement";
import type { EndpointArgs } from "./docker-resources";

export interface DockerHostArgs extends DesiredHost {
  readonly engine: EndpointArgs;
  /** Volumes of files that the program compares: a preview reads them all at once, before it is asked for each. */
  readonly readAhead?: readonly string[];
}

/** A Docker engine as the place of a stack (resource of the provider `pgstead`). */
export class DockerHost extends pulumi.CustomResource {
  declare readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: DockerHostArgs, opts?: pulumi.CustomResourceOptions) {
    super("pgstead:index:DockerHost", name, { refusals: undefined, ...args }, opts);
  }
}

export interface ServerReplacementArgs {
  readonly engine: EndpointArgs;
  /** Name of the server's container. */
  readonly container: string;
  /** Id of its image. */
  readonly image: pulumi.Input<string>;
  /** What else it is made from, in words that users know. */
  readonly spec: Readonly<Record<string, string>>;
  /** Limits of the kernel, which are tried before the server is stopped for them. */
  readonly ulimits: readonly Ulimit[];
  /** Major version of PostgreSQL in the image. */
  readonly major: number;
  readonly restart: "allow" | "refuse";
  /** Its memory in MB. */
  readonly memory: number;
}

/** Announces, or refuses, that the server's container is replaced (resource of the provider `pgstead`). */
export class ServerReplacement extends pulumi.CustomResource {
  declare readonly image: pulumi.Output<string>;
  declare readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: ServerReplacementArgs, opts?: pulumi.CustomResourceOptions) {
    super("pgstead:index:ServerReplacement", name, { refusals: undefined, ...args }, opts);
  }
}

export interface DockerServerResourceArgs {
  readonly engine: EndpointArgs;
  readonly container: string;
  /** The engine's id of the container, which another one of the same name has not. */
  readonly containerId: pulumi.Input<string>;
  /** Where this machine reaches the server. */
  readonly host: string;
  readonly port: number;
  readonly administrator: string;
  readonly password: pulumi.Input<string>;
  readonly verifier: pulumi.Input<string>;
  readonly tls: Tls;
}

/** The server in its container, as soon as it takes sessions (resource of the provider `pgstead`). */
export class DockerServerResource extends pulumi.CustomResource {
  declare readonly host: pulumi.Output<string>;
  declare readonly port: pulumi.Output<number>;
  /** Secret. */
  declare readonly password: pulumi.Output<string>;
  declare readonly version: pulumi.Output<string>;
  declare readonly systemIdentifier: pulumi.Output<string>;
  declare readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: DockerServerResourceArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = { version: undefined, systemIdentifier: undefined, refusals: undefined };
    const secrets = { password: pulumi.secret(args.password), verifier: pulumi.secret(args.verifier) };
    super(
      "pgstead:index:DockerServer",
      name,
      { ...outputs, ...args, ...secrets },
      {
        ...opts,
        additionalSecretOutputs: ["password", "verifier", ...(opts?.additionalSecretOutputs ?? [])],
      },
    );
  }
}
