import { certificateSettings } from "../../components/core/host/certificate";
import { exporterPackage } from "../../components/core/host/exporter";
import { findMonitors } from "./resolve-docker";
import type { WrittenConfig } from "./schema";
import type { HostFilesConfig, TuningConfig } from "./stack-config";

/** Complete; what is wrong was told by the check. */
export function resolveHostFiles(config: WrittenConfig): HostFilesConfig {
  const { onHost, ssh } = config.server;
  const { certificate, packages = [], purge = false, exporter } = onHost ?? {};
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

type WrittenCertificate = NonNullable<NonNullable<WrittenConfig["server"]["onHost"]>["certificate"]>;

function resolveCertificate(
  { names, validity = 90, renewBefore = 30, ca, file, keyFile }: WrittenCertificate,
  host: string,
): NonNullable<HostFilesConfig["certificate"]> {
  if (file !== undefined && keyFile !== undefined) return { file, keyFile };
  return { names: names ?? [host], validity, renewBefore, ...(ca === undefined ? {} : { ca }) };
}

/** Settings with those of the certificate that the host has. */
export function withCertificate(
  tuning: TuningConfig | undefined,
  { certificate }: { readonly certificate?: unknown },
  stack: string,
): TuningConfig | undefined {
  if (certificate === undefined) return tuning;
  const { settings = {}, tuned = [] } = tuning ?? {};
  return { settings: { ...settings, ...certificateSettings(stack) }, tuned };
}
