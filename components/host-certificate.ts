import * as pulumi from "@pulumi/pulumi";
import { certificatePlaces, reloadServerScript } from "./core/host/certificate";
import { markerLines } from "./core/host/marker";
import type { HostPlace } from "./core/host/place";
import type { Refusal } from "./core/statement";
import { createHostCommand } from "./host-command";
import { Certificate } from "./providers/docker-resources";
import { HostFiles, type HostLogin } from "./providers/host-resources";

export interface HostCertificateArgs {
  readonly host: HostPlace;
  readonly login: HostLogin;

  /** A certificate and its key that the user has, as PEM; or what one is issued from. */
  readonly source:
    | { readonly certificate: string; readonly key: pulumi.Input<string> }
    | {
        /** Host names and addresses that clients connect to. */
        readonly names: readonly string[];
        readonly validity?: number;
        readonly renewBefore?: number;
        /** @default - an authority of its own */
        readonly ca?: { readonly certificate: string; readonly key: pulumi.Input<string> };
      };

  /** Which server is told to read it again: its cluster, such as `17/main`. @default - the one of the port */
  readonly cluster?: string;
  readonly port: number;
}

/**
 * The server's certificate and key as files of its host, owned by postgres. Settings that name them (`ssl_cert_file`,
 * `ssl_key_file`) come after them and go before them. A renewal is a reload.
 */
export class HostCertificate extends pulumi.ComponentResource {
  /** What settings depend on. */
  readonly resource: pulumi.Resource;
  readonly refusals: pulumi.Output<Refusal[]>;
  /** PEM of the authority that clients prove the server with; absent: the certificate was given. */
  readonly caCertificate?: pulumi.Output<string>;

  constructor(name: string, args: HostCertificateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pg:index:HostCertificate", name, {}, opts);
    const { host, login, cluster, port } = args;
    const pair = this.issue(args.source);
    if (pair.ca !== undefined) this.caCertificate = pair.ca;
    const stack = `${pulumi.getProject()}/${pulumi.getStack()}`;
    const places = certificatePlaces(pulumi.getStack());
    // What comes before the first line of PEM is for people.
    const marked = (pem: pulumi.Input<string>): pulumi.Output<string> =>
      pulumi.output(pem).apply((text) => `${markerLines(stack)}${text}`);
    const files = new HostFiles(
      "certificate",
      {
        host,
        directories: {
          "/etc/pgstead": { mode: "0755", owner: "root" },
          [places.directory]: { mode: "0755", owner: "root" },
        },
        files: {
          [places.certificate]: { content: marked(pair.certificate), mode: "0644", owner: "postgres" },
          [places.key]: { content: marked(pair.key), mode: "0600", owner: "postgres", secret: true },
        },
      },
      { parent: this },
    );
    this.resource = files;
    this.refusals = files.refusals;
    createHostCommand(
      "certificate",
      {
        host,
        login,
        create: files.revision.apply((revision) => reloadServerScript({ cluster, port }, revision)),
      },
      { parent: this, dependsOn: [files] },
    );
    this.registerOutputs({});
  }

  private issue(source: HostCertificateArgs["source"]): {
    readonly certificate: pulumi.Input<string>;
    readonly key: pulumi.Input<string>;
    readonly ca?: pulumi.Output<string>;
  } {
    if ("certificate" in source) return source;
    const { names, ...rest } = source;
    const issued = new Certificate("certificate", { names: [...names], ...rest }, { parent: this });
    return { certificate: issued.certificate, key: issued.key, ca: issued.caCertificate };
  }
}
