import * as pulumi from "@pulumi/pulumi";
import type { Tls } from "../core/connection";
import type { TakenFile } from "../core/existing-server";
import type { ServerNeeds } from "../core/provider-settings";
import type { SshWay } from "../core/ssh/way";
import type { Refusal } from "../core/statement";
import { withSecrets } from "./resources";

export interface ExistingServerResourceArgs {
  readonly host: string;
  readonly port: number;
  /** The managing login. */
  readonly user: string;
  readonly password?: pulumi.Input<string>;
  readonly passwordFile?: string;
  readonly tls: Tls;
  /** The way over an SSH host. */
  readonly ssh?: SshWay;
  /** Whether the managing login is a superuser; refused where it is declared and not so. */
  readonly superuser: boolean;
  /** Whether settings and rules are set where the service has them: they are told, and not refused. */
  readonly managed?: boolean;
  /** What is declared and takes more than some logins have. */
  readonly needs?: ServerNeeds;
  /** Files of the server that the stack changes: what they are before that is kept, and put back when the stack goes. */
  readonly takesOver?: readonly TakenFile[];
}

/** A server that is there already: it is only asked (resource of the provider `pgstead`). */
export class ExistingServerResource extends pulumi.CustomResource {
  declare readonly host: pulumi.Output<string>;
  declare readonly port: pulumi.Output<number>;
  declare readonly user: pulumi.Output<string>;
  /** As given, or from its file; secret. */
  declare readonly password: pulumi.Output<string>;
  declare readonly version: pulumi.Output<string>;
  /** Empty where the login may not read it. */
  declare readonly systemIdentifier: pulumi.Output<string>;
  declare readonly refusals: pulumi.Output<Refusal[]>;
  /** Bytes of the files that the stack changes, in base64, as they were before; secret. */
  declare readonly before: pulumi.Output<Partial<Readonly<Record<TakenFile, string>>> | undefined>;

  constructor(name: string, args: ExistingServerResourceArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = {
      password: undefined,
      version: undefined,
      systemIdentifier: undefined,
      before: undefined,
      refusals: undefined,
    };
    const secrets = args.password === undefined ? {} : { password: pulumi.secret(args.password) };
    const inputs = { ...outputs, ...args, ...secrets };
    super("pgstead:index:ExistingServer", name, inputs, withSecrets(opts, ["password", "before"]));
  }
}
