import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { asAccount } from "./core/host/become";
import type { HostPlace } from "./core/host/place";
import type { HostLogin } from "./providers/host-resources";

export interface HostCommandArgs {
  readonly host: HostPlace;
  readonly login: HostLogin;
  /** Script of `/bin/sh` that runs as root when it is made. Everybody on the host can read it: no secret is in it. */
  readonly create: pulumi.Input<string>;
  /** Runs where it, or anything else of the command, changed. @default - `create` */
  readonly update?: pulumi.Input<string>;
  /** Runs when it goes. @default - nothing */
  readonly delete?: pulumi.Input<string>;
  /** Standard input: secrets go there. @default - none */
  readonly stdin?: pulumi.Input<string>;
}

/**
 * Something that is done on a host, by `@pulumi/command`. A preview runs nothing. It runs again where its text changes: what
 * it depends on stands in there (`revision` of `HostFiles`), and never in `triggers`, which would run the old `delete` after
 * the new `create`.
 */
export function createHostCommand(
  name: string,
  { host, login, create, update = create, delete: remove, stdin }: HostCommandArgs,
  opts: pulumi.CustomResourceOptions,
): command.remote.Command {
  const asRoot = (script: pulumi.Input<string>): pulumi.Output<string> =>
    pulumi.output(script).apply((text) => asAccount(host, text, "root"));
  return new command.remote.Command(
    name,
    {
      // No secret is in it: keys come from the agent (SSH_AUTH_SOCK).
      connection: login.connection.apply(({ proxy, ...hop }) => ({
        ...hop,
        ...patience,
        ...(proxy === undefined ? {} : { proxy: { ...proxy, ...patience } }),
      })),
      create: asRoot(create),
      update: asRoot(update),
      ...(remove === undefined ? {} : { delete: asRoot(remove) }),
      ...(stdin === undefined ? {} : { stdin: pulumi.secret(stdin) }),
      // sshd takes no variable for it, and nothing here needs the last output.
      addPreviousOutputInEnv: false,
    },
    opts,
  );
}

/** Our own connection has been there a moment ago: a host that is gone is soon told of. */
const patience = { dialErrorLimit: 2, perDialTimeout: 15 };
