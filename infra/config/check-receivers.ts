import { secretOf } from "../../components/core/monitoring/receiver";
import type { Problem } from "../../components/core/problem";
import { at } from "./check-server";
import type { Fault } from "./names";
import { resolveAlerting } from "./resolve-alerts";
import type { WrittenConfig } from "./schema";
import { checkClear, secretNames } from "./secret-map";
import { nearest, renderValue } from "./shape";

type Written = WrittenConfig["monitoring"]["receivers"][number];
type Path = readonly (string | number)[];

/**
 * What the types alone cannot tell about receivers of alerts: what Alertmanager would refuse, and what it would take
 * and never send.
 *
 * @param given `pgstead:monitoring` as it was written
 * @param reserved a name that has a meaning of its own
 */
export function checkReceivers(
  { monitoring, receiverSecrets }: WrittenConfig,
  given: unknown,
  reserved: string,
): Problem[] {
  const { receivers, alerts } = monitoring;
  const names = receivers.map(({ name }) => name);
  return [
    ...receivers.flatMap((receiver, index) => {
      const path = ["monitoring", "receivers", index];
      const isTwice = names.indexOf(receiver.name) !== index;
      return [
        ...at([...path, "name"], nameFault(receiver.name, reserved, isTwice)),
        ...at([...path, "severities"], severitiesFault(receiver, alerts.Watchdog?.enabled === false)),
        ...checkWay(receiver, path, waysGiven(given, index)),
      ];
    }),
    ...checkSecrets(monitoring, receiverSecrets),
  ];
}

function nameFault(name: string, reserved: string, isTwice: boolean): Fault | undefined {
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(name) || name === reserved) {
    return {
      message: `${renderValue(name)} is no name of a receiver`,
      hint: `write lower-case letters, digits and -, 32 at most, such as on-call; ${reserved} is nobody`,
    };
  }
  if (!isTwice) return undefined;
  return {
    message: `${renderValue(name)} is the name of another receiver as well`,
    hint: "give each a name of its own",
  };
}

function severitiesFault({ severities, webhook }: Written, isWatchdogOff: boolean): Fault | undefined {
  if (severities.length === 0) {
    return { message: "is empty: it would be told nothing", hint: "write at least one, such as [critical]" };
  }
  if (!severities.includes("watchdog")) return undefined;
  if (severities.length > 1 || webhook === undefined) {
    return {
      message: "has watchdog, which comes every few minutes for as long as all is well",
      hint: "give it a receiver of its own with `severities: [watchdog]` and a webhook",
    };
  }
  if (!isWatchdogOff) return undefined;
  return {
    message: "waits for the sign of life, and pgstead:monitoring.alerts has Watchdog switched off",
    hint: "remove one of the two",
  };
}

/** How many ways somebody wrote, well-formed or not. */
function waysGiven(given: unknown, index: number): number {
  const { receivers } = (given ?? {}) as { readonly receivers?: readonly object[] };
  const written = receivers?.[index] ?? {};
  return ["email", "webhook", "slack"].filter((way) => Object.hasOwn(written, way)).length;
}

function checkWay({ email, webhook, slack }: Written, path: Path, ways: number): Problem[] {
  if (ways !== 1) {
    const message = ways === 0 ? "has no way to be told" : "has several ways to be told";
    return at(path, { message, hint: "give it one of `email`, `webhook` and `slack`" });
  }
  return [
    ...(email === undefined ? [] : checkEmail(email, [...path, "email"])),
    ...at([...path, "webhook", "url"], webhookFault(webhook?.url)),
    ...at([...path, "slack", "channel"], channelFault(slack?.channel)),
  ];
}

function checkEmail(email: NonNullable<Written["email"]>, path: Path): Problem[] {
  const { to, from, smarthost, username, requireTls } = email;
  return [
    ...(to.length === 0
      ? at([...path, "to"], { message: "is empty", hint: "write at least one, such as [dba@example.com]" })
      : to.flatMap((address, index) => at([...path, "to", index], addressFault(address)))),
    ...at([...path, "from"], addressFault(from)),
    ...at([...path, "smarthost"], smarthostFault(smarthost)),
    ...at(
      [...path, "requireTls"],
      username === undefined || requireTls
        ? undefined
        : {
            message: "is false, and there is a login: its password would be sent in clear",
            hint: "remove it, or remove username",
          },
    ),
  ];
}

function addressFault(address: string): Fault | undefined {
  if (/^[^\s@,<>"]+@[^\s@,<>"]+$/.test(address)) return undefined;
  return {
    message: `${renderValue(address)} is no address`,
    hint: "write it alone, such as dba@example.com",
  };
}

function smarthostFault(smarthost: string): Fault | undefined {
  const [, port] = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/.exec(smarthost) ?? [];
  if (port !== undefined && Number(port) > 0 && Number(port) < 65_536) return undefined;
  return {
    message: `${renderValue(smarthost)} is not a host and a port`,
    hint: "write both, such as mail.example.com:587",
  };
}

/** What is between the host and a token in a path cannot be told apart: the key's description says where it belongs. */
function webhookFault(written: string | undefined): Fault | undefined {
  if (written === undefined) return undefined;
  if (!URL.canParse(written) || !/^https?:/.test(written)) {
    return {
      message: `${renderValue(written)} is no URL`,
      hint: "write one that begins with http:// or https://",
    };
  }
  const { username, password, search } = new URL(written);
  if (username === "" && password === "" && search === "") return undefined;
  return {
    message: "has a login or a parameter in it, which may be a secret",
    hint: "remove it, and write the whole URL with `npm run pulumi -- config set --secret --path 'pgstead:receiverSecrets.<name>'`, from standard input",
  };
}

function channelFault(channel: string | undefined): Fault | undefined {
  if (channel === undefined || /^[#@]?[^\s#@]+$/.test(channel)) return undefined;
  return { message: `${renderValue(channel)} is no channel`, hint: 'write it such as "#database"' };
}

/** Secrets are not looked at, but for which there are. */
function checkSecrets(monitoring: WrittenConfig["monitoring"], written: unknown): Problem[] {
  const where = ["receiverSecrets"];
  const hint =
    "write each with `npm run pulumi -- config set --secret --path 'pgstead:receiverSecrets.<name>'`, from standard input";
  const given = secretNames(written);
  if (given === undefined) return at(where, { message: "is no map of secrets by name", hint });
  const { receivers } = resolveAlerting(monitoring);
  const needed = receivers.flatMap((receiver) => {
    const what = secretOf(receiver);
    return what === undefined ? [] : [{ name: receiver.name, what }];
  });
  const names = needed.map(({ name }) => name);
  return [
    ...checkClear(where, written, hint),
    ...given.flatMap((name) =>
      names.includes(name) ? [] : at([...where, name], strangeSecret(name, names)),
    ),
    ...needed.flatMap(({ name, what }) =>
      given.includes(name)
        ? []
        : at(["monitoring", "receivers", receivers.findIndex((one) => one.name === name)], {
            message: `${what} is missing`,
            hint: hint.replace("each", "it").replace("<name>", name),
          }),
    ),
  ];
}

function strangeSecret(name: string, names: readonly string[]): Fault {
  const meant = nearest(name, names);
  return {
    message: "there is no receiver of that name that needs a secret",
    hint: meant === undefined ? "remove it" : `did you mean ${meant}?`,
  };
}
