import { certificateSettings } from "../../components/core/host/certificate";
import { exporterPackage } from "../../components/core/host/exporter";
import { findMonitors } from "./resolve-docker";
import type { WrittenConfig } from "./schema";
import type { WrittenOnHost } from "./schema-host";
import type { HostFilesConfig, StackConfig, TuningConfig } from "./stack-config";

/** What lies on the server's host, and settings with those of the certificate that it has. */
export function withHostFiles(
  config: WrittenConfig,
  tuning: TuningConfig | undefined,
  stack: string,
): Pick<StackConfig, "hostFiles" | "tuning"> {
  const { onHost } = config.server;
  const hostFiles = onHost === undefined ? undefined : resolveHostFiles(config, onHost);
  const { settings = {}, tuned = [] } = tuning ?? {};
  const all =
    hostFiles?.certificate === undefined
      ? tuning
      : { settings: { ...settings, ...certificateSettings(stack) }, tuned };
  return {
    ...(hostFiles === undefined ? {} : { hostFiles }),
    ...(all === undefined ? {} : { tuning: all }),
  };
}

/** Complete; what is wrong was told by the check. */
function resolveHostFiles(config: WrittenConfig, onHost: WrittenOnHost): HostFilesConfig {
  const { ssh } = config.server;
  const { certificate, packages, purge, exporter } = onHost;
  const [monitor] = findMonitors(config);
  const all = [...packages, ...(exporter === undefined ? [] : [exporterPackage])];
  return {
    packages: [...new Set(all)].toSorted(),
    purge,
    ...(certificate === undefined
      ? {}
      : { certificate: resolveCertificate(certificate, ssh?.host ?? "localhost") }),
    ...(exporter === undefined || monitor === undefined ? {} : { exporter: { ...exporter, ...monitor } }),
  };
}

type WrittenCertificate = NonNullable<WrittenOnHost["certificate"]>;

function resolveCertificate(
  { names, validity = 90, renewBefore = 30, ca, file, keyFile }: WrittenCertificate,
  host: string,
): NonNullable<HostFilesConfig["certificate"]> {
  if (file !== undefined && keyFile !== undefined) return { file, keyFile };
  return { names: names ?? [host], validity, renewBefore, ...(ca === undefined ? {} : { ca }) };
}
