import * as pulumi from "@pulumi/pulumi";
import type { Refusal } from "../core/statement";
import type { AccessConnection, ServerPlace } from "./resources";

export interface PointInTimeRecoveryResourceArgs {
  readonly connection: { readonly [Name in keyof AccessConnection]: pulumi.Input<AccessConnection[Name]> };
  /** The settings that make the server archive, by name. */
  readonly settings: Readonly<Record<string, string>>;
  readonly restart: "allow" | "refuse";
  /** The container that has the repository, and the server. */
  readonly control: Extract<ServerPlace, { kind: "docker" }>;
  /** Directory in it of pgBackRest's configuration. */
  readonly configuration: string;
  /** Where the second repository is; absent: there is none. */
  readonly second?: SecondPlace;
}

/** Another place is another repository. */
export interface SecondPlace {
  readonly bucket: string;
  readonly prefix: string;
  /** For people: all of it. */
  readonly where: string;
}

/** Repository, archiving and first full backup of a server (resource of the provider `pgstead`). */
export class PointInTimeRecoveryResource extends pulumi.CustomResource {
  declare readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: PointInTimeRecoveryResourceArgs, opts?: pulumi.CustomResourceOptions) {
    const connection = { ...args.connection, password: pulumi.secret(args.connection.password) };
    super("pgstead:index:PointInTimeRecovery", name, { refusals: undefined, ...args, connection }, opts);
  }
}
