/**
 * Every version that the toolchain pins, in one place. They were tried together: a change of one needs the whole test
 * suite. The npm packages of the same names are pinned in package.json, the Go modules in go/<program>/go.mod.
 */

/** The Pulumi CLI that is downloaded or built, the version of `@pulumi/pulumi` in package.json. */
export const pulumiVersion = "3.245.0";

/** The oldest Pulumi CLI that is taken from PATH: older ones do not know every command and setting used here. */
export const minimumPulumi = "3.200.0";

/**
 * The Node.js language host of a CLI that was built from Go modules; newer ones live in a module that the Go proxy does
 * not offer. A downloaded CLI brings its own.
 */
export const languageHostVersion = "3.68.0";

/** The Go that builds them: the `go` line of go/cli/go.mod. */
export const minimumGo = "1.25.0";

/** The oldest Node.js that runs this project. */
export const minimumNode = "20.0.0";

/** A Pulumi plugin that the program needs, and its offline edition. */
export interface PluginPin {
  readonly name: string;
  readonly version: string;
  /** Entry of the small provider that stands in where the official plugin cannot be had, relative to the project. */
  readonly offlineEntry: string;
  /** The only target (`pgstead:target`) whose resources need it; without one every stack does. */
  readonly target?: string;
  /**
   * Only hosts that are reached over SSH have resources of it: stacks whose file says `ssh`, those whose state holds some
   * still, and programs of one's own.
   */
  readonly isForHosts?: true;
}

/** The versions of the npm packages `@pulumi/<name>`. */
export const plugins: readonly PluginPin[] = [
  { name: "postgresql", version: "3.18.1", offlineEntry: "infra/toolchain/offline/postgresql/main.ts" },
  {
    name: "docker",
    version: "5.2.0",
    offlineEntry: "infra/toolchain/offline/docker/main.ts",
    target: "docker",
  },
  {
    name: "command",
    version: "1.2.1",
    offlineEntry: "infra/toolchain/offline/command/main.ts",
    isForHosts: true,
  },
];

/** Pulumi's own download site; `PGSTEAD_DOWNLOAD_SITE` names a mirror with the same paths. */
export const officialSite = "https://get.pulumi.com";
