import * as pulumi from "@pulumi/pulumi";
import {
  activateScript,
  deactivateScript,
  exporterPlaces,
  renderExporterEnvironment,
  renderExporterUnit,
  type HostExporterPlan,
} from "./core/host/exporter";
import type { HostPlace } from "./core/host/place";
import type { Refusal } from "./core/statement";
import { createHostCommand } from "./host-command";
import { HostFiles, type HostLogin } from "./providers/host-resources";

export interface HostExporterArgs extends Omit<HostExporterPlan, "stack"> {
  readonly host: HostPlace;
  readonly login: HostLogin;
  /** Of the role. A new one restarts the exporter. */
  readonly password: pulumi.Input<string>;
  /** What has to be in order first: its package, the role and its way in. */
  readonly dependsOn?: readonly pulumi.Resource[];
}

/**
 * postgres_exporter on the server's own host, as a unit of systemd of our own. Its password is in a file that root alone
 * reads.
 */
export class HostExporter extends pulumi.ComponentResource {
  readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: HostExporterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pg:index:HostExporter", name, {}, opts);
    const { host, login, password, dependsOn = [] } = args;
    const stack = `${pulumi.getProject()}/${pulumi.getStack()}`;
    const plan: HostExporterPlan = { ...args, stack };
    const { unit, unitFile, directory, environment } = exporterPlaces(stack);
    const secret = pulumi.secret(password).apply((word) => renderExporterEnvironment(plan, word));
    const files = new HostFiles(
      "exporter",
      {
        host,
        directories: {
          "/etc/pgstead": { mode: "0755", owner: "root" },
          [directory]: { mode: "0755", owner: "root" },
        },
        files: {
          [unitFile]: { content: renderExporterUnit(plan), mode: "0644", owner: "root" },
          [environment]: { content: secret, mode: "0600", owner: "root", secret: true },
        },
      },
      { parent: this, dependsOn: [...dependsOn] },
    );
    createHostCommand(
      "exporter",
      {
        host,
        login,
        create: files.revision.apply((revision) => activateScript(unit, revision)),
        delete: deactivateScript(unit),
      },
      { parent: this, dependsOn: [files] },
    );
    this.refusals = files.refusals;
    this.registerOutputs({});
  }
}
