import type { HostPlace } from "../components/core/host/place";
import type { HostExporterPlan } from "../components/core/host/exporter";
import type { HostFilesConfig, StackConfig } from "./config/stack-config";

/** What lies on the host of a server, and is installed there. */
export interface HostFilesPlan {
  readonly host: HostPlace;
  readonly packages: readonly string[];
  readonly purge: boolean;
  readonly certificate?: HostFilesConfig["certificate"];
  readonly exporter?: Omit<HostExporterPlan, "stack">;
  /** The server's cluster, where it is declared. */
  readonly cluster?: string;
  readonly port: number;
}

/** Absent where nothing is declared of it. */
export function planHostFiles({ server, hostFiles }: StackConfig): {
  readonly hostFiles?: HostFilesPlan;
} {
  const { existing, port } = server;
  const { ssh, onHost, host = "localhost" } = existing ?? {};
  if (hostFiles === undefined || ssh === undefined || onHost === undefined) return {};
  const { packages, purge, certificate, exporter } = hostFiles;
  if (packages.length === 0 && certificate === undefined && exporter === undefined) return {};
  const isNear = ["localhost", "127.0.0.1", "::1"].includes(host) || host.startsWith("/");
  const tls = certificate !== undefined || !isNear;
  return {
    hostFiles: {
      host: { ssh, become: onHost.become },
      packages,
      purge,
      port,
      ...(certificate === undefined ? {} : { certificate }),
      ...(onHost.cluster === undefined ? {} : { cluster: onHost.cluster }),
      ...(exporter === undefined
        ? {}
        : { exporter: { ...exporter, tls, server: { host: isNear ? "localhost" : host, port } } }),
    },
  };
}
