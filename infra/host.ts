import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { HostCertificate, HostExporter, HostLogin, HostPackages, type Roles } from "../components";
import type { Refusal } from "../components/core/statement";
import { pathInProject } from "../components/project-directory";
import type { HostFilesPlan } from "./plan-host";
import { readAuthority, type Secrets } from "./server";

/** What a stack has on its server's host before the server's settings are set. */
export interface HostBase {
  readonly login: HostLogin;
  readonly packages?: HostPackages;
  readonly certificate?: HostCertificate;
  readonly refusals: pulumi.Output<Refusal[]>;
  /** What settings come after, as they name files of it. */
  readonly resources: readonly pulumi.Resource[];
}

/** Login, packages and certificate of a host; undefined: nothing is declared of one. */
export function createHostBase(plan: HostFilesPlan | undefined, secrets: Secrets): HostBase | undefined {
  if (plan === undefined) return undefined;
  const { host, packages: names, purge, certificate: wanted, cluster, port, exporter } = plan;
  const login = new HostLogin("host", {
    host,
    needs: {
      ...(exporter === undefined ? {} : { systemd: ["pgstead:server.onHost.exporter"] }),
      ...(names.length === 0 ? {} : { apt: names.map((name) => `package ${name}`) }),
    },
  });
  const packages =
    names.length === 0 ? {} : { packages: new HostPackages("host", { host, login, packages: names, purge }) };
  const place = { host, login, port, ...(cluster === undefined ? {} : { cluster }) };
  const certificate =
    wanted === undefined
      ? {}
      : { certificate: new HostCertificate("host", { ...place, source: sourceOf(wanted, secrets) }) };
  const made = certificate.certificate;
  return {
    login,
    ...packages,
    ...certificate,
    refusals: pulumi
      .all([login.refusals, made === undefined ? pulumi.output([]) : made.refusals])
      .apply((all) => all.flat()),
    resources: made === undefined ? [] : [made.resource],
  };
}

function sourceOf(
  wanted: NonNullable<HostFilesPlan["certificate"]>,
  secrets: Secrets,
): ConstructorParameters<typeof HostCertificate>[1]["source"] {
  const key = "pgstead:server.onHost.certificate";
  if ("file" in wanted) {
    return {
      certificate: readPem(wanted.file, `${key}.file`),
      key: readPem(wanted.keyFile, `${key}.keyFile`),
    };
  }
  const { ca, ...issued } = wanted;
  return { ...issued, ...(ca === undefined ? {} : { ca: readAuthority(ca, secrets, `${key}.ca`) }) };
}

/** @throws RunError it is no file in PEM; what is in it is not repeated */
function readPem(file: string, key: string): string {
  try {
    const text = readFileSync(pathInProject(file), "utf8");
    if (text.includes("-----BEGIN ")) return text;
  } catch (error) {
    throw new pulumi.RunError(
      `${key}: ${file} cannot be read: ${(error as Error).message}\n  hint: name a PEM file, relative to the project`,
    );
  }
  throw new pulumi.RunError(`${key}: ${file} is no PEM file\n  hint: it begins with -----BEGIN`);
}

/** The exporter on a host, after the role that it logs in with. */
export function createHostExporter(
  plan: HostFilesPlan | undefined,
  base: HostBase | undefined,
  databases: readonly { readonly name: string; readonly roles: Roles }[],
  dependsOn: readonly pulumi.Resource[],
): HostExporter[] {
  const { exporter, host } = plan ?? {};
  if (exporter === undefined || host === undefined || base === undefined) return [];
  const found = databases.find(({ name }) => name === exporter.database);
  if (found === undefined)
    throw new Error(`the exporter's role is in no planned database: ${exporter.database}`);
  const password = found.roles.passwords.apply((all) => all[exporter.role] ?? "");
  const { login, packages } = base;
  const first = packages === undefined ? [] : [packages.resource];
  return [
    new HostExporter("host", { ...exporter, host, login, password, dependsOn: [...first, ...dependsOn] }),
  ];
}

/** What the stack tells of its host. */
export function hostOutputs(base: HostBase | undefined) {
  const { packages, certificate } = base ?? {};
  return {
    // What `destroy` leaves there unless it is to purge it.
    ...(packages === undefined ? {} : { hostPackages: packages.installed }),
    // Clients prove the server with it; public.
    ...(certificate?.caCertificate === undefined ? {} : { caCertificate: certificate.caCertificate }),
  };
}
