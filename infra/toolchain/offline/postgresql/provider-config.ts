import type { CheckFailure } from "../../../../components/providers/contract";
import { isUnknown, type PropertyMap, type PropertyValue } from "../../../../components/providers/properties";
import { editionOf, wayOut } from "../shared/official";
import { engineSettings, settingText } from "../shared/settings";
import { officialPlugin } from "./version";

/** How the provider reaches its server. */
export interface ProviderConfig {
  readonly host: string;
  readonly port: number;
  /** Database of server-wide statements, and of resources that name none. */
  readonly database: string;
  readonly username: string;
  readonly password: string | undefined;
  /** Role that the login becomes, where a user name map says so (pg_ident.conf). */
  readonly databaseUsername: string;
  readonly sslmode: SslMode;
  /** File of the authorities that are believed, as PEM; absent: the public ones. */
  readonly sslrootcert: string | undefined;
  /** Seconds; 0 waits for ever. */
  readonly connectTimeout: number;
  /** Connections at once; 0 is no limit. */
  readonly maxConnections: number;
}

const sslModes = ["disable", "prefer", "require", "verify-ca", "verify-full"] as const;
export type SslMode = (typeof sslModes)[number];

const supported = [
  "host",
  "port",
  "database",
  "username",
  "password",
  "databaseUsername",
  "sslmode",
  "sslrootcert",
  "superuser",
  "connectTimeout",
  "maxConnections",
  "scheme",
  ...engineSettings,
];

/** Judges the provider's configuration; like the official plugin it adds nothing to it. */
export function checkConfig(inputs: PropertyMap): { inputs: PropertyMap; failures: readonly CheckFailure[] } {
  const failures = Object.entries(inputs).flatMap(([name, value]) => {
    if (value === undefined || value === null || isUnknown(value)) return [];
    const reason = supported.includes(name) ? wrongSetting(name, value) : unsupported(name);
    return reason === undefined ? [] : [{ property: name, reason }];
  });
  return { inputs, failures };
}

/** The configuration with its defaults: libpq's environment variables, then those of the official plugin. */
export function parseConfig(inputs: PropertyMap, env: NodeJS.ProcessEnv = process.env): ProviderConfig {
  const text = (name: string, variable?: string): string | undefined => {
    const value = settingText(inputs[name]);
    if (value !== "") return value;
    const fallback = variable === undefined ? undefined : env[variable];
    return fallback === "" ? undefined : fallback;
  };
  const username = text("username", "PGUSER") ?? "postgres";
  return {
    host: text("host", "PGHOST") ?? "localhost",
    port: Number(text("port", "PGPORT") ?? 5432),
    database: text("database", "PGDATABASE") ?? "postgres",
    username,
    password: text("password", "PGPASSWORD"),
    databaseUsername: text("databaseUsername") ?? username,
    // Without a word about TLS the official plugin insists on it.
    sslmode: asSslMode(text("sslmode", "PGSSLMODE") ?? "require"),
    sslrootcert: text("sslrootcert", "PGSSLROOTCERT"),
    connectTimeout: Number(text("connectTimeout", "PGCONNECT_TIMEOUT") ?? 180),
    maxConnections: Number(text("maxConnections") ?? 20),
  };
}

function asSslMode(text: string): SslMode {
  const mode = sslModes.find((known) => known === text);
  if (mode === undefined) throw new Error(`sslmode: ${wrongSetting("sslmode", text) ?? "not supported"}`);
  return mode;
}

function wrongSetting(name: string, value: PropertyValue): string | undefined {
  const text = settingText(value);
  switch (name) {
    case "port":
      return isInteger(text, 1, 65_535) ? undefined : "expected a port, a whole number from 1 to 65535";
    case "connectTimeout":
    case "maxConnections":
      return isInteger(text, 0, 2_147_483) ? undefined : "expected a whole number of at least 0";
    case "superuser":
      return ["true", "false"].includes(text) ? undefined : "expected true or false";
    case "scheme":
      return text === "postgres" ? undefined : `scheme ${text} is ${onlyOfficial}`;
    case "sslmode":
      if (sslModes.some((known) => known === text)) return undefined;
      return `sslmode ${text} is ${onlyOfficial}, or choose ${sslModes.join(", ")}`;
    default:
      return undefined;
  }
}

const onlyOfficial = `not supported by ${editionOf(officialPlugin)}; ${wayOut(officialPlugin)}`;

function unsupported(name: string): string {
  if (name === "sslMode") return "`sslMode` is deprecated and not supported here; write `sslmode`";
  return `\`${name}\` is ${onlyOfficial}`;
}

function isInteger(text: string, lowest: number, highest: number): boolean {
  return /^\d+$/.test(text) && Number(text) >= lowest && Number(text) <= highest;
}
