import * as pulumi from "@pulumi/pulumi";
import type { LossGateArgs } from "../core/backup-gate/place";
import type { AlembicApplication, ApplicationEngine } from "../core/migrations/alembic/application";
import type { PendingFile } from "../core/migrations/made-objects";
import type { RunLimits } from "../core/migrations/retry";
import type { Refusal } from "../core/statement";
import type { AccessConnection, Inputs } from "./resources";

export interface MigrationsResourceArgs {
  readonly connection: Inputs<AccessConnection>;
  /** The migrator's; absent: the administrator applies them. */
  readonly login?: Inputs<{ readonly user: string; readonly password: string }>;
  readonly database: pulumi.Input<string>;
  /** Role that the statements run as. */
  readonly owner: string;
  readonly engine: "sql" | "alembic";
  /** Of engine alembic. */
  readonly alembic?: AlembicApplication;
  readonly dockerEngine?: ApplicationEngine;
  /** Of the files, as the provider finds it. */
  readonly directory: string;
  /** The same as people are told. */
  readonly path: string;
  /** The last migration that is applied; absent: the last file. */
  readonly target?: string;
  readonly downgrade: "allow" | "refuse";
  readonly limits: RunLimits;
  readonly allowDataLoss: readonly string[];
  /** Absent: losses ask for no backup. */
  readonly gate?: LossGateArgs;
}

/** Keeps the migrations of a database applied (resource of the provider `pgstead`). */
export class MigrationsResource extends pulumi.CustomResource {
  /** File of the last migration that is applied; empty: none is. */
  declare readonly head: pulumi.Output<string>;
  /** How many are applied. */
  declare readonly applied: pulumi.Output<number>;
  /** Files that are to be applied, and what they make: empty after `up`. */
  declare readonly pending: pulumi.Output<PendingFile[]>;
  declare readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: MigrationsResourceArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = {
      head: undefined,
      applied: undefined,
      digest: undefined,
      pending: undefined,
      refusals: undefined,
    };
    const connection = { ...args.connection, password: pulumi.secret(args.connection.password) };
    const { login: given } = args;
    const login = given === undefined ? {} : { login: { ...given, password: pulumi.secret(given.password) } };
    super("pgstead:index:Migrations", name, { ...outputs, ...args, connection, ...login }, opts);
  }
}
