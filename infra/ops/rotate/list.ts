import { ageOf, findDue, type CredentialAge } from "../../../components/core/credentials/age";
import type { Finding } from "../../../components/core/finding";
import { passwordLimits } from "../../plan";
import type { CommandContext } from "../command";
import type { StackOutputs } from "../outputs";
import type { Report } from "../report";
import type { StackConfig } from "../../config";

export interface PasswordListData {
  readonly limitSeconds: number;
  readonly credentials: readonly ListedCredential[];
}

/** A password of the stack. */
export interface ListedCredential extends CredentialAge {
  /** Null: the administrator. */
  readonly database: string | null;
  readonly key: string;
  /** Who logs in with it. */
  readonly login: string;
  /** `given`: it is not made here, so that neither its number nor its age is known. */
  readonly kind: "administrator" | "single" | "dual" | "given";
  /** Number that the server has; null: it is given. */
  readonly number: number | null;
  /** Number in the file, where `up` has still to make it. */
  readonly pendingNumber: number | null;
  /** Of two logins; null: there is one. */
  readonly formerMayLogIn: boolean | null;
}

/** How old every password is, and which are due. */
export async function listPasswords(context: CommandContext): Promise<Report<PasswordListData>> {
  const { stack, config } = context;
  const outputs = await context.outputs();
  const now = Date.now();
  const credentials = [...rolesOf(config, outputs, now), ...administratorOf(config, outputs, now)];
  return {
    command: "rotate",
    stack,
    data: { limitSeconds: config.thresholds.credential, credentials },
    findings: [
      ...dueFindings(context, outputs, now),
      ...credentials.flatMap((one) => pendingFinding(one, stack)),
    ],
  };
}

/** Which passwords are due: for any command that tells of the state of a stack. */
export function dueFindings(
  { config, stack }: Pick<CommandContext, "config" | "stack">,
  { credentials = [] }: Pick<StackOutputs, "credentials">,
  now: number,
): Finding[] {
  const hint = (role: string): string => `\`npm run ops -- rotate --stack ${stack} ${role}\``;
  return findDue(credentials, { ...passwordLimits(config), now }, hint);
}

function rolesOf(config: StackConfig, { credentials }: StackOutputs, now: number): ListedCredential[] {
  const limits = { ...passwordLimits(config), now };
  return config.databases.flatMap(({ name: database, roles }) =>
    roles
      .filter(({ login, turn }) => login && turn?.is !== "former")
      .map(({ key, name: login, turn, keepPassword, passwordVersion, rotation }): ListedCredential => {
        const role = turn?.role ?? login;
        const known = credentials?.find((one) => one.role === role);
        const number = known?.passwordVersion ?? null;
        return {
          ...ageOf(known ?? { role, login, passwordVersion: 1 }, limits),
          ...{ database, key, login: known?.login ?? login, number },
          kind: keepPassword ? "given" : turn === undefined ? "single" : "dual",
          pendingNumber: number !== null && passwordVersion > number ? passwordVersion : null,
          formerMayLogIn: turn === undefined ? null : rotation === "dual",
        };
      }),
  );
}

function administratorOf(
  { server, target, thresholds }: StackConfig,
  { credentials }: StackOutputs,
  now: number,
): ListedCredential[] {
  const { name: role, passwordVersion } = server.administrator;
  const known = credentials?.find((one) => one.role === role);
  const number = known?.passwordVersion ?? null;
  return [
    {
      ...ageOf(known ?? { role, login: role, passwordVersion: 1 }, { now, seconds: thresholds.credential }),
      ...{ database: null, key: "administrator", login: role, number, formerMayLogIn: null },
      kind: target === "existing" ? "given" : "administrator",
      pendingNumber: number !== null && passwordVersion > number ? passwordVersion : null,
    },
  ];
}

function pendingFinding({ key, role, number, pendingNumber }: ListedCredential, stack: string): Finding[] {
  if (pendingNumber === null) return [];
  return [
    {
      subject: `role ${role}`,
      message: `the file says passwordVersion ${pendingNumber}, and the server has ${number ?? 0}`,
      hint: `\`npm run ops -- rotate --stack ${stack} ${key}\`, or \`up\`, finishes it`,
    },
  ];
}
