import { problemError } from "../../../../components/core/problem";
import { readClientCertificate } from "../../../../components/io/docker/client-certificate";
import type { DockerEndpoint } from "../../../../components/io/docker/engine";
import type { CheckFailure } from "../../../../components/providers/contract";
import { isUnknown, type PropertyMap, type PropertyValue } from "../../../../components/providers/properties";
import { editionOf, wayOut } from "../shared/official";
import { engineSettings, settingText } from "../shared/settings";
import { officialPlugin } from "./version";

const supported = [
  "host",
  "caMaterial",
  "certMaterial",
  "keyMaterial",
  "certPath",
  // This edition asks the engine only when a resource needs it.
  "disableDockerDaemonCheck",
  ...engineSettings,
];

/** Settings that are empty unless somebody wants something of them. */
const refused = ["context", "registryAuth", "sshOpts"];

const materials = ["caMaterial", "certMaterial", "keyMaterial"] as const;

/** Judges the provider's configuration; like the official plugin it adds nothing to it. */
export function checkConfig(inputs: PropertyMap): { inputs: PropertyMap; failures: readonly CheckFailure[] } {
  const failures = Object.entries(inputs).flatMap(([name, value]) => {
    if (value === undefined || value === null || isUnknown(value) || supported.includes(name)) return [];
    if (refused.includes(name) && isEmpty(value)) return [];
    return [{ property: name, reason: unsupported(name) }];
  });
  return { inputs, failures: [...failures, ...certificateFailures(inputs)] };
}

function certificateFailures(inputs: PropertyMap): CheckFailure[] {
  const isGiven = (name: string): boolean => settingText(inputs[name]) !== "";
  const given = materials.filter(isGiven);
  if (given.length === 0) return [];
  const missing = materials.filter((name) => !isGiven(name));
  const [first = ""] = missing;
  const incomplete = `${given.join(" and ")} without ${missing.join(" and ")}: give all three, or certPath`;
  return [
    ...(missing.length === 0 ? [] : [{ property: first, reason: incomplete }]),
    ...(isGiven("certPath")
      ? [{ property: "certPath", reason: "give either certPath or the three materials, not both" }]
      : []),
  ];
}

/**
 * Where the engine is: what the provider is given, then the environment, as with the official plugin.
 *
 * @throws ProblemError `DOCKER_CONTEXT` names another engine, or certificates cannot be read
 */
export function parseConfig(inputs: PropertyMap, env: NodeJS.ProcessEnv = process.env): DockerEndpoint {
  const text = (name: string, variable: string): string | undefined => {
    const value = settingText(inputs[name]) || (env[variable] ?? "");
    return value === "" ? undefined : value;
  };
  const host = text("host", "DOCKER_HOST");
  const context = env.DOCKER_CONTEXT ?? "";
  if (context !== "" && context !== "default") {
    throw problemError(
      "DOCKER_CONTEXT",
      `the Docker context ${JSON.stringify(context)} is not supported by ${editionOf(officialPlugin)}`,
      "unset it, and name the engine with DOCKER_HOST or the provider's host.",
    );
  }
  return { ...(host === undefined ? {} : { host }), ...certificates(text) };
}

function certificates(
  text: (name: string, variable: string) => string | undefined,
): Pick<DockerEndpoint, "ca" | "cert" | "key"> {
  const ca = text("caMaterial", "DOCKER_CA_MATERIAL");
  const cert = text("certMaterial", "DOCKER_CERT_MATERIAL");
  const key = text("keyMaterial", "DOCKER_KEY_MATERIAL");
  if (ca !== undefined && cert !== undefined && key !== undefined) return { ca, cert, key };
  const directory = text("certPath", "DOCKER_CERT_PATH");
  return directory === undefined ? {} : readClientCertificate(directory);
}

function isEmpty(value: PropertyValue): boolean {
  return ["", "[]", "null"].includes(settingText(value));
}

function unsupported(name: string): string {
  const hint = name === "sshOpts" ? "; what ~/.ssh/config says of an ssh:// host is used" : "";
  return `\`${name}\` is not supported by ${editionOf(officialPlugin)}${hint}; ${wayOut(officialPlugin)}`;
}
