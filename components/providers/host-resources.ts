import * as pulumi from "@pulumi/pulumi";
import type { PluginLogin } from "../core/host/login";
import type { HostNeeds } from "../core/host/needs";
import type { HostPlace } from "../core/host/place";
import type { Refusal } from "../core/statement";

export interface HostFileArgs {
  readonly content: pulumi.Input<string>;
  /** As chmod has it; nobody but the owner may write, and a secret is for owner and group at the most. */
  readonly mode: string;
  /** `root`, `postgres` or `account:group`; without a group it is the account's own. */
  readonly owner: string;
  /**
   * True: a plan says that it changed, and never how.
   *
   * @default - true unless everybody may read it (mode 0444, 0644, 0755)
   */
  readonly secret?: boolean;
}

export interface HostDirectoryArgs {
  readonly mode: string;
  readonly owner: string;
}

export interface HostFilesArgs {
  readonly host: HostPlace;
  /**
   * By absolute path. Where the format has comments, the content begins with `markerLines` (core/host/marker.ts): a file
   * that is there without them, and that this resource has not written, is refused.
   */
  readonly files: Readonly<Record<string, HostFileArgs>>;
  /** By absolute path: made where they are not there, and removed with the resource if nothing is in them. @default - none */
  readonly directories?: Readonly<Record<string, HostDirectoryArgs>>;
}

/**
 * Files on a host that is reached over SSH, with owner and mode (resource of the provider `pgstead`).
 *
 * What was edited there by hand is found at every preview. A file that leaves the declaration is removed, and so are all
 * of them when the resource goes.
 */
export class HostFiles extends pulumi.CustomResource {
  /** SHA-256 of each file's content; secret where the file is. */
  declare readonly hashes: pulumi.Output<Record<string, string>>;
  /**
   * Another text after each run that wrote something, the same one else; what a preview tells comes true. It stands in the
   * text of the commands that make programs read the files, so that those run again.
   */
  declare readonly revision: pulumi.Output<string>;
  declare readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: HostFilesArgs, opts?: pulumi.CustomResourceOptions) {
    const files = Object.fromEntries(
      Object.entries(args.files).map(([path, file]) => [
        path,
        { ...file, content: pulumi.secret(file.content) },
      ]),
    );
    const outputs = { hashes: undefined, made: undefined, refusals: undefined, revision: undefined };
    super(
      "pgstead:index:HostFiles",
      name,
      { ...outputs, ...args, files },
      { deleteBeforeReplace: true, ...opts },
    );
  }
}

export interface HostLoginArgs {
  readonly host: HostPlace;
  /** What is declared there and cannot be on every host: refused in the preview where it cannot. @default - nothing */
  readonly needs?: HostNeeds;
}

/**
 * How the plugin `command` logs in to a host: the host keys that our own connection has proven, and no secret (resource of
 * the provider `pgstead`). The keys come from the agent that the wrapper serves.
 */
export class HostLogin extends pulumi.CustomResource {
  declare readonly connection: pulumi.Output<PluginLogin>;
  declare readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: HostLoginArgs, opts?: pulumi.CustomResourceOptions) {
    super("pgstead:index:HostLogin", name, { connection: undefined, refusals: undefined, ...args }, opts);
  }
}
