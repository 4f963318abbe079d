import type { Problem } from "../../components/core/problem";
import { checkOnHost } from "./check-host";
import { at } from "./check-server";
import { checkSsh } from "./check-ssh";
import type { Fault } from "./names";
import type { WrittenConfig } from "./schema";
import { renderValue } from "./shape";
import type { Target } from "./stack-config";

/**
 * Keys that one target has and another has not: a key without effect is a promise that nobody keeps.
 *
 * @param given the keys as they were written, without defaults
 */
export function checkTargetKeys(config: WrittenConfig, given: Readonly<Record<string, unknown>>): Problem[] {
  const { target, scratch } = config;
  const strange = targetKeys.filter(({ path, of }) => !of.includes(target) && isGiven(given, path));
  return [
    ...strange.flatMap(({ path, of }) => at(path, strangeKey(path, of, target))),
    ...(target === "existing" ? checkExisting(config, given) : []),
    ...(scratch === "container" && target !== "docker"
      ? at(["scratch"], {
          message: `container is for target docker, and the stack's is ${target}: no engine has its server's image`,
          hint: "write embedded, or same-server",
        })
      : []),
  ];
}

interface TargetKey {
  readonly path: readonly string[];
  readonly of: readonly Target[];
}

const targetKeys: readonly TargetKey[] = [
  { path: ["server", "dataDirectory"], of: ["embedded"] },
  { path: ["server", "administrator", "passwordVersion"], of: ["embedded", "docker"] },
  { path: ["server", "autoExplain"], of: ["embedded", "docker"] },
  { path: ["backup", "directory"], of: ["embedded", "existing"] },
  ...[
    ["server", "host"],
    ["server", "shared"],
    ["server", "managed"],
    ["server", "tls"],
    ["server", "ssh"],
    ["server", "onHost"],
    ["server", "administrator", "superuser"],
    ["server", "administrator", "passwordFile"],
    ["administratorPassword"],
  ].map((path): TargetKey => ({ path, of: ["existing"] })),
  ...[
    ["server", "version"],
    ["server", "shmSize"],
    ["server", "logs"],
    ["server", "certificate"],
    ["docker"],
    ["backup", "physical"],
    ["repositorySecrets"],
    ["monitoring", "enabled"],
    ["monitoring", "prometheusPort"],
    ["monitoring", "alertmanagerPort"],
    ["monitoring", "healthPort"],
    ["monitoring", "grafana"],
    ["monitoring", "retention"],
    ["monitoring", "scrapeInterval"],
    ["monitoring", "alerts"],
    ["monitoring", "receivers"],
    ["monitoring", "grouping"],
    ["monitoring", "repeat"],
    ["monitoring", "runbookUrl"],
    ["receiverSecrets"],
  ].map((path): TargetKey => ({ path, of: ["docker"] })),
  { path: ["caKey"], of: ["docker", "existing"] },
];

function strangeKey(path: readonly string[], of: readonly Target[], target: Target): Fault {
  if (target === "existing" && path[0] === "server" && of.includes("embedded")) return notOfExisting(path);
  const [first = ""] = of;
  return {
    message: `belongs to target ${of.join(" or ")}`,
    hint: `remove it, or set pgstead:target to ${first}`,
  };
}

function notOfExisting(path: readonly string[]): Fault {
  const message = "belongs to servers that are made here, and target existing takes one that is there";
  const hint =
    path.at(-1) === "passwordVersion"
      ? "remove it; change the password on the server, then `npm run pulumi -- config set --secret pgstead:administratorPassword`"
      : path.at(-1) === "autoExplain"
        ? "what sessions of that server load is not ours to replace: give session_preload_libraries with auto_explain and auto_explain.log_min_duration under pgstead:server.settings"
        : "remove it";
  return { message, hint };
}

function isGiven(given: unknown, [step, ...rest]: readonly string[]): boolean {
  if (step === undefined) return given !== undefined;
  if (typeof given !== "object" || given === null || !Object.hasOwn(given, step)) return false;
  return isGiven((given as Record<string, unknown>)[step], rest);
}

function checkExisting({ server }: WrittenConfig, given: Readonly<Record<string, unknown>>): Problem[] {
  const password = ["administratorPassword"];
  return [
    ...(server.host === undefined && server.ssh !== undefined
      ? []
      : at(["server", "host"], hostFault(server.host))),
    ...checkSsh(server.ssh),
    ...checkOnHost(server),
    ...(server.managed === true && server.administrator.superuser !== false
      ? at(["server", "managed"], {
          message: "stands beside an administrator who is a superuser, and such a one sets all by itself",
          hint: "set pgstead:server.administrator.superuser to false, or remove managed",
        })
      : []),
    ...(isGiven(given, password) && server.administrator.passwordFile !== undefined
      ? at(["server", "administrator", "passwordFile"], {
          message: "stands beside pgstead:administratorPassword",
          hint: "keep one of the two",
        })
      : []),
  ];
}

function hostFault(host: string | undefined): Fault | undefined {
  if (host === undefined) {
    return {
      message: "is missing: target existing needs it",
      hint: "add it, such as `host: db.example.com`",
    };
  }
  if (
    /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(host) ||
    /^[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*$/.test(host)
  ) {
    return undefined;
  }
  // The directory, not the file in it: that has the port in its name.
  if (/^\/[^\s:,@]*$/.test(host) && !host.includes("/.s.PGSQL.")) return undefined;
  return {
    message: `${renderValue(host)} is not a name, an address or the directory of a socket`,
    hint: host.startsWith("/")
      ? "write the directory alone, such as /var/run/postgresql; the port has a key of its own"
      : "write the host alone, such as db.example.com; port and login have keys of their own",
  };
}
