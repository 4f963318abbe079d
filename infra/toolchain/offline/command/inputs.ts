import type { CheckFailure } from "../../../../components/providers/contract";
import {
  isSecret,
  isUnknown,
  reveal,
  secret,
  type PropertyMap,
  type PropertyValue,
} from "../../../../components/providers/properties";
import { hostKeyTypes, parseHostKey } from "../../../../components/core/ssh/host-key";
import { asMap, type Attribute, type Properties, type Shape } from "../shared/attribute";
import { checkInputs } from "../shared/check";
import { secretTexts } from "../shared/secret-texts";

const hop: Readonly<Record<string, Attribute>> = {
  host: { kind: "text", required: true },
  port: { kind: "integer", minimum: 1 },
  user: { kind: "text" },
  password: { kind: "text" },
  privateKey: { kind: "text" },
  privateKeyPassword: { kind: "text" },
  agentSocketPath: { kind: "text" },
  dialErrorLimit: { kind: "integer", minimum: -1 },
  perDialTimeout: { kind: "integer", minimum: 0 },
  hostKey: { kind: "text", verify: wrongHostKey },
};

const proxy: Properties = { attributes: hop, refused: [] };

/** How to reach a host: the connection of a remote command and of a copy. */
export const connectionAttribute: Attribute = {
  kind: "object",
  required: true,
  inner: { attributes: { ...hop, proxy: { kind: "object", inner: proxy } }, refused: [] },
};

/** What the official plugin writes into a connection, and into its proxy. */
const defaults: PropertyMap = { user: "root", port: 22, dialErrorLimit: 10, perDialTimeout: 15 };

/** Properties of a connection that are secret by themselves. */
const secretNames = ["password", "privateKey", "privateKeyPassword"];

export interface CheckedInputs {
  readonly inputs: PropertyMap;
  readonly failures: readonly CheckFailure[];
}

/** Judges inputs, and completes them as the official plugin does: it fills in connections and writes no `__defaults`. */
export function checkedInputs(shape: Shape, newInputs: PropertyMap): CheckedInputs {
  const given = Object.fromEntries(
    Object.entries(newInputs).filter(
      ([name, value]) => name !== "__defaults" && value !== undefined && value !== null,
    ),
  );
  // Values of any kind are nobody's to judge here.
  const judged = Object.fromEntries(
    Object.entries(given).filter(([name]) => name !== "triggers" && name !== "source"),
  );
  const { failures } = checkInputs(shape, {}, judged);
  const wrongTriggers = triggersFailure(given.triggers);
  return {
    inputs: "connection" in given ? { ...given, connection: completed(given.connection) } : given,
    failures: [...failures, ...wrongTriggers],
  };
}

function triggersFailure(value: PropertyValue | undefined): CheckFailure[] {
  const plain = reveal(value);
  if (plain === undefined || isUnknown(plain) || Array.isArray(plain)) return [];
  return [{ property: "triggers", reason: "`triggers` must be a list" }];
}

/** A connection is secret as a whole, as the passwords and keys in it are by themselves. */
function completed(value: PropertyValue | undefined): PropertyValue | undefined {
  const open = isSecret(value) ? (value as PropertyMap).value : value;
  const map = asMap(open);
  if (map === undefined || isUnknown(open)) return value;
  return secret(completedHop(map));
}

function completedHop(map: PropertyMap): PropertyMap {
  const entries = Object.entries({ ...defaults, ...withoutNothing(map) }).map(([name, value]) => {
    if (name === "proxy") {
      const inner = asMap(isSecret(value) ? (value as PropertyMap).value : value);
      const full = inner === undefined || isUnknown(value) ? value : completedHop(inner);
      return [name, isSecret(value) && full !== undefined ? secret(full) : full] as const;
    }
    return [name, secretNames.includes(name) ? secret(value ?? null) : value] as const;
  });
  return Object.fromEntries(entries);
}

function withoutNothing(map: PropertyMap): PropertyMap {
  return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== undefined && value !== null));
}

function wrongHostKey(name: string, text: string): string | undefined {
  if (parseHostKey(text) !== undefined) return undefined;
  return `\`${name}\` must be the line of a host key, as \`ssh-keyscan\` gives it without the host's name: ${hostKeyTypes.join(", ")}`;
}

/**
 * Texts that must not appear in a message. A connection is secret as a whole, but its host and user are in every
 * message, and may well be in what a command says.
 */
export function secretsOf(...maps: readonly PropertyMap[]): readonly string[] {
  const open = maps.map(({ connection, ...rest }) => {
    const map = asMap(reveal(connection));
    const hops = map === undefined ? [] : [map, asMap(map.proxy) ?? {}];
    const texts = hops.flatMap((found) => secretNames.flatMap((name) => found[name] ?? []));
    return { ...rest, connection: texts.map(secret) };
  });
  return secretTexts(open);
}
