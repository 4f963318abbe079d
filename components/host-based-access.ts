import * as pulumi from "@pulumi/pulumi";
import { accessConnection, accessDeletedWith, takenOver, type Connection } from "./connection";
import { resolveHba, type HbaDeclaration } from "./core/hba/desired";
import type { HbaRule } from "./core/hba/rule";
import type { Refusal } from "./core/statement";
import { HostBasedAccessResource } from "./providers/resources";

export interface HostBasedAccessArgs extends HbaDeclaration {
  readonly connection: Connection;

  /** Name of the managing login, as the rules have it: it has to stay able to log in. */
  readonly managing: string;

  /**
   * Rules of pg_hba.conf, in their order: the first one that matches a login decides. A change is a reload and ends no
   * session. Two rules that reject everybody else are always the last ones.
   *
   * @default - the managing login and every declared login to its own database, from 127.0.0.1, with scram-sha-256
   */
  readonly rules?: readonly HbaRule[];

  /**
   * Seconds after which the server takes the rules before back by itself, unless a fresh login has proven the new ones.
   *
   * @default - 10
   */
  readonly rollbackSeconds?: number;

  /** What has to be in order first: the roles and their memberships. */
  readonly dependsOn?: readonly pulumi.Resource[];
}

/**
 * Keeps pg_hba.conf as declared (client authentication), and shows in every preview what differs, as a diff of rules.
 *
 * The file is written whole over SQL, as a superuser. Nobody is locked out: rules that would keep the managing login from
 * coming in are refused before anything is done; the server checks the file before it loads it; and a session on the
 * server takes the rules before back where no fresh login proves the new ones in time, whoever died meanwhile.
 *
 * The file stays when the component goes; on a server that was there before the stack, it becomes what it was then.
 *
 * @example
 * new HostBasedAccess("server", {
 *   connection,
 *   managing: "postgres",
 *   logins: [{ name: "shop", logins: ["shop_app"] }],
 *   rules: [
 *     { type: "host", database: ["all"], user: ["postgres"], address: "127.0.0.1/32", method: "scram-sha-256" },
 *     { type: "hostssl", database: ["shop"], user: ["shop_app"], address: "10.0.0.0/8", method: "scram-sha-256" },
 *   ],
 * });
 */
export class HostBasedAccess extends pulumi.ComponentResource {
  /** Absent where the server's rules cannot be written. */
  readonly resource?: HostBasedAccessResource;
  readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: HostBasedAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pg:index:HostBasedAccess", name, {}, opts);

    if (args.connection.capabilities.canWriteHba) {
      this.resource = createHostBasedAccess(name, args, this);
      this.refusals = this.resource.refusals;
    } else {
      this.refusals = pulumi.output(
        args.rules === undefined || args.connection.capabilities.isManaged === true ? [] : [cannotWrite],
      );
    }
    this.registerOutputs({});
  }
}

/** What was declared and cannot be done is refused; what nobody declared is left to whoever runs the server. */
const cannotWrite: Refusal = {
  subject: "pg_hba.conf",
  message:
    "rules are declared, and this server's pg_hba.conf cannot be written: the managing login is no superuser",
  hint: "write pgstead:server.managed: true, and set what `npm run ops -- provider-settings` lists where the provider has it; or remove the rules (pgstead:server.hba)",
};

function createHostBasedAccess(
  name: string,
  args: HostBasedAccessArgs,
  parent: pulumi.Resource,
): HostBasedAccessResource {
  const { connection, managing, rollbackSeconds = 10, dependsOn = [] } = args;
  const { rules, logins } = resolveHba(args, managing);
  return new HostBasedAccessResource(
    name,
    {
      connection: accessConnection(connection),
      rules,
      logins,
      rollbackSeconds,
      ...takenOver(connection, "pg_hba.conf"),
    },
    { parent, ...accessDeletedWith(connection), dependsOn: [...dependsOn] },
  );
}
