import { checkNames } from "../../components/core/certificate/names";
import type { Problem } from "../../components/core/problem";
import { at } from "./check-server";
import { findMonitors } from "./resolve-docker";
import type { WrittenConfig } from "./schema";
import type { WrittenOnHost } from "./schema-host";
import { renderPath, renderValue } from "./shape";

const place = ["server", "onHost"];

/** What is wrong with what is to lie on the server's host. */
export function checkHostFiles(config: WrittenConfig): Problem[] {
  const { onHost } = config.server;
  if (onHost === undefined) return [];
  return [
    ...checkCertificate(config, onHost),
    ...onHost.packages.flatMap((name, index) => checkPackage(onHost.packages, name, index)),
    ...checkExporter(config, onHost),
  ];
}

function checkCertificate({ server }: WrittenConfig, { certificate }: WrittenOnHost): Problem[] {
  if (certificate === undefined) return [];
  const path = [...place, "certificate"];
  const { names, validity = 90, renewBefore = 30, file, keyFile } = certificate;
  const issuing = (["names", "validity", "renewBefore", "ca"] as const).filter(
    (key) => certificate[key] !== undefined,
  );
  const own = Object.keys(server.settings).filter((name) =>
    ["ssl", "ssl_cert_file", "ssl_key_file"].includes(name.toLowerCase()),
  );
  return [
    ...(server.administrator.superuser === false || server.shared === true
      ? at(path, {
          message: "sets what belongs to the whole server, and this stack may not",
          hint: "remove it, or declare it where the login is a superuser and shared is false",
        })
      : []),
    ...own.flatMap((name) =>
      at(["server", "settings", name], {
        message: "stands beside pgstead:server.onHost.certificate, which sets it",
        hint: "keep one of the two",
      }),
    ),
    ...(renewBefore < validity
      ? []
      : at([...path, "renewBefore"], {
          message: `${renewBefore} days is not less than the ${validity} days that a certificate is valid: each one would be renewed at once`,
          hint: `set it below ${validity}`,
        })),
    ...(names === undefined ? [] : checkNames(renderPath([...path, "names"]), names)),
    ...((file === undefined) === (keyFile === undefined)
      ? []
      : at([...path, file === undefined ? "file" : "keyFile"], {
          message: "is missing: a certificate and its key come together",
          hint: "add it, or remove the other one to have a certificate issued",
        })),
    ...(file === undefined
      ? []
      : issuing.flatMap((key) =>
          at([...path, key], {
            message: `is about a certificate that is issued, and ${renderValue(file)} is given`,
            hint: "keep one of the two",
          }),
        )),
  ];
}

function checkPackage(all: readonly string[], name: string, index: number): Problem[] {
  const path = [...place, "packages", index];
  if (!/^[a-z0-9][a-z0-9+.-]+$/.test(name)) {
    return at(path, {
      message: `${renderValue(name)} is not the name of a package`,
      hint: "write it as `apt-cache search` has it, such as pgbackrest, without a version",
    });
  }
  if (/^(?:postgresql(?:-\d+)?|postgresql-common)$/.test(name)) {
    return at(path, {
      message: `${name} is the server itself, which target existing takes as it is`,
      hint: "remove it",
    });
  }
  return all.indexOf(name) === index
    ? []
    : at(path, { message: `${name} is listed twice`, hint: "remove one of the two" });
}

function checkExporter(config: WrittenConfig, { exporter }: WrittenOnHost): Problem[] {
  if (exporter === undefined) return [];
  const path = [...place, "exporter"];
  const port = Number(/^(?:\d+(?:\.\d+){3}|\[[0-9A-Fa-f:.]+\]):(\d+)$/.exec(exporter.listen)?.[1]);
  const isPlace = port >= 1 && port <= 65_535;
  return [
    ...(isPlace
      ? []
      : at([...path, "listen"], {
          message: `${renderValue(exporter.listen)} is not an address and a port`,
          hint: "write such as 127.0.0.1:9187, or [::1]:9187",
        })),
    ...(findMonitors(config).length > 0
      ? []
      : at(path, {
          message: "has no role to log in with",
          hint: "add one below pgstead:roles, such as `monitor: { login: true, profile: monitor, connectionLimit: 5 }`",
        })),
  ];
}
