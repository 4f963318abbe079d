import type { Problem } from "../../components/core/problem";
import { at } from "./check-server";
import type { Fault } from "./names";
import type { WrittenConfig } from "./schema";
import { renderValue } from "./shape";

/**
 * Keys that one target has and another has not: a key without effect is a promise that nobody keeps.
 *
 * @param given the keys as they were written, without defaults
 */
export function checkTargetKeys(config: WrittenConfig, given: Readonly<Record<string, unknown>>): Problem[] {
  const existing = config.target === "existing";
  const strange = (existing ? embeddedKeys : existingKeys).filter((path) => isGiven(given, path));
  return [
    ...strange.flatMap((path) => at(path, existing ? notOfExisting(path) : onlyOfExisting)),
    ...(existing ? checkExisting(config, given) : []),
  ];
}

const embeddedKeys = [
  ["server", "dataDirectory"],
  ["server", "administrator", "passwordVersion"],
];

const existingKeys = [
  ["server", "host"],
  ["server", "shared"],
  ["server", "tls"],
  ["server", "administrator", "superuser"],
  ["server", "administrator", "passwordFile"],
  ["administratorPassword"],
];

const onlyOfExisting: Fault = {
  message: "belongs to target existing",
  hint: "remove it, or set pgstead:target to existing",
};

function notOfExisting(path: readonly string[]): Fault {
  const message = "belongs to servers that are made here, and target existing takes one that is there";
  const hint =
    path.at(-1) === "passwordVersion"
      ? "remove it; change the password on the server, then `npm run pulumi -- config set --secret pgstead:administratorPassword`"
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
    ...at(["server", "host"], hostFault(server.host)),
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
  return {
    message: `${renderValue(host)} is not a name or an address`,
    hint: "write the host alone, such as db.example.com; port and login have keys of their own",
  };
}
