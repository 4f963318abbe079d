import * as pulumi from "@pulumi/pulumi";
import { installScript, removeScript } from "./core/host/packages";
import type { HostPlace } from "./core/host/place";
import { createHostCommand } from "./host-command";
import type { HostLogin } from "./providers/host-resources";

export interface HostPackagesArgs {
  readonly host: HostPlace;
  readonly login: HostLogin;

  /** Names of Debian's packages. One that is there already is left as it is, whatever its version. */
  readonly packages: readonly string[];

  /** Whether what the stack has installed goes with it. @default - false: it is listed, and stays */
  readonly purge?: boolean;
}

/**
 * Debian's packages on a host, installed where they are not there. Services that come with them are neither started nor
 * enabled. What was not there before is listed, in the state and on the host, and goes only with `purge`.
 */
export class HostPackages extends pulumi.ComponentResource {
  /** What dependants wait for. */
  readonly resource: pulumi.Resource;
  /** All that the stack has installed, what came along included. */
  readonly installed: pulumi.Output<string[]>;

  constructor(name: string, args: HostPackagesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pg:index:HostPackages", name, {}, opts);
    const { host, login, packages, purge = false } = args;
    const stack = `${pulumi.getProject()}/${pulumi.getStack()}`;
    const declared = { stack, packages: [...new Set(packages)].toSorted(), purge };
    const command = createHostCommand(
      "packages",
      { host, login, create: installScript(declared), delete: removeScript(declared) },
      { parent: this },
    );
    this.resource = command;
    this.installed = command.stdout.apply((text) => text.split("\n").filter((line) => line !== ""));
    this.registerOutputs({ installed: this.installed });
  }
}
