import { z } from "zod";
import { parseConnectionUri, type ConnectionTarget } from "../../components/core/connection";
import type { SshWay } from "../../components/core/ssh/way";
import type { RoleCredential } from "../../components/core/credentials/age";
import { cannotTell, upCommand, type CannotTellError } from "./failure";

/** What a deployed stack tells: where its server is, and how to log in. It holds passwords. */
export interface StackOutputs {
  readonly host: string;
  readonly port: number;
  readonly version: string;
  readonly administrator: ConnectionTarget;
  readonly logins: readonly StackLogin[];
  /** Absent: the last `up` was of a version that did not keep them. */
  readonly credentials?: readonly RoleCredential[] | undefined;
}

/** A login role of the stack. */
export interface StackLogin {
  readonly database: string;
  /** The role's name in the configuration. */
  readonly key: string;
  /** The role's name on the server. */
  readonly role: string;
  /** Holds the password. */
  readonly uri: string;
}

/** Gives the outputs of a stack as Pulumi prints them: one JSON document, secrets in clear. */
export type OutputsSource = (stack: string) => Promise<string>;

const names = z.record(z.string(), z.string());

const credential = z.object({
  role: z.string(),
  login: z.string(),
  passwordVersion: z.number(),
  changedAt: z.string().optional(),
});

const common = {
  host: z.string(),
  port: z.number(),
  version: z.string(),
  administratorUri: z.string(),
  credentials: z.array(credential).optional(),
  /** PEM, of a server that has an authority of its own. */
  caCertificate: z.string().optional(),
};

/** A stack with one database has flat maps; with several they are by database. */
const outputsSchema = z.union([
  z.object({ ...common, database: z.string(), roles: names, uris: names }),
  z.object({
    ...common,
    database: names,
    roles: z.record(z.string(), names),
    uris: z.record(z.string(), names),
  }),
]);

/**
 * Reads a stack's outputs. No error repeats a part of the text, which holds passwords.
 *
 * @param ssh the way to the server, which its URIs cannot say
 * @throws CannotTellError where the stack was never deployed, or was by something else
 */
export function parseOutputs(text: string, stack: string, ssh?: SshWay): StackOutputs {
  const written = parseJson(text, stack);
  if (Object.keys(written).length === 0) throw neverDeployed(stack);
  const read = outputsSchema.safeParse(written);
  if (!read.success) throw foreign(stack, Object.keys(written));
  const { host, port, version, administratorUri, caCertificate, credentials } = read.data;
  try {
    const found = withAuthority(parseConnectionUri(administratorUri), caCertificate);
    const administrator = ssh === undefined ? found : { ...found, ssh };
    return { host, port, version, administrator, logins: loginsOf(read.data), credentials };
  } catch {
    throw foreign(stack, Object.keys(written));
  }
}

/** How a login of the stack gets in: the way of the administrator, with its own name and password. */
export function targetOf(
  { uri }: StackLogin,
  { tls, ssh }: ConnectionTarget,
): { readonly target: ConnectionTarget; readonly database: string } {
  const { database, ...own } = parseConnectionUri(uri);
  // With the authority as text, where the administrator has it.
  const target = { ...own, ...(tls === undefined ? {} : { tls }), ...(ssh === undefined ? {} : { ssh }) };
  return { target, database };
}

/** The URI names a file that only machines have which ran `up`: the authority itself is an output as well. */
function withAuthority(target: ConnectionTarget, ca: string | undefined): ConnectionTarget {
  return target.tls === undefined || ca === undefined ? target : { ...target, tls: { ...target.tls, ca } };
}

export function neverDeployed(stack: string): CannotTellError {
  return cannotTell(
    `stack ${stack}`,
    "was never deployed: its state has no outputs",
    `run \`${upCommand(stack)}\` first`,
  );
}

function parseJson(text: string, stack: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // The message of a syntax error quotes the text.
  }
  const hint = `try \`npm run pulumi -- stack output --stack ${stack}\``;
  throw cannotTell(`the outputs of stack ${stack} cannot be read`, "Pulumi did not answer with JSON", hint);
}

function foreign(stack: string, found: readonly string[]): CannotTellError {
  return cannotTell(
    `the outputs of stack ${stack} cannot be read`,
    `they are not those of this program; it has: ${found.join(", ")}`,
    `the last \`up\` was of another version, or did not come to its end: run \`${upCommand(stack)}\``,
  );
}

function loginsOf(outputs: z.output<typeof outputsSchema>): StackLogin[] {
  if (typeof outputs.database === "string") {
    return loginsOfDatabase(outputs.database, outputs.roles as Names, outputs.uris as Names);
  }
  const { roles, uris } = outputs as {
    roles: Readonly<Record<string, Names>>;
    uris: Readonly<Record<string, Names>>;
  };
  return Object.values(outputs.database).flatMap((database) =>
    loginsOfDatabase(database, roles[database] ?? {}, uris[database] ?? {}),
  );
}

type Names = Readonly<Record<string, string>>;

function loginsOfDatabase(database: string, roles: Names, uris: Names): StackLogin[] {
  return Object.entries(roles).flatMap(([key, role]) => {
    const uri = uris[key];
    return uri === undefined ? [] : [{ database, key, role, uri }];
  });
}
