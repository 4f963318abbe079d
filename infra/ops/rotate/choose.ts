import type { RoleCredential } from "../../../components/core/credentials/age";
import { secondLogin } from "../../../components/core/credentials/turns";
import { problemError } from "../../../components/core/problem";
import type { RoleConfig, StackConfig } from "../../config";
import { cannotTell, upCommand } from "../failure";
import { findLogin } from "../find-login";
import type { Edit } from "./edit-file";

export interface RotateArgs {
  readonly operands: readonly string[];
  readonly database?: string;
  readonly all?: boolean;
  readonly list?: boolean;
  readonly finish?: boolean;
  readonly cutOff?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** A password that is to change. */
export interface Subject {
  readonly kind: "administrator" | "single" | "dual";
  /** Null: the administrator's. */
  readonly database: string | null;
  /** Its name in the configuration. */
  readonly key: string;
  /** Name on the server; of two logins, the first. */
  readonly role: string;
  /** Number of the password that the server has. */
  readonly from: number;
  /** Number that the file is to have. */
  readonly to: number;
  /** Who logs in with it from now on. */
  readonly login: string;
  /** Who did so before; the same for a single login. */
  readonly before: string;
  /** Undefined: the file says it already, as a run before this one was ended. */
  readonly edit: Edit | undefined;
}

const administratorWord = "administrator";

/**
 * What a command line means.
 *
 * @param deployed the numbers that the last `up` told; undefined where it told none
 * @throws ProblemError; CannotTellError where a role was never deployed
 */
export function chooseSubjects(
  config: StackConfig,
  deployed: readonly RoleCredential[] | undefined,
  args: RotateArgs,
  now: number,
): readonly Subject[] {
  const [wanted] = args.operands;
  if (args.all === true) {
    if (wanted !== undefined) throw problemError("--all", `stands beside ${wanted}`, "take one of the two");
    return [...chooseAll(config, args), ...administrators(config)].map((one) =>
      complete(config, deployed, one, args),
    );
  }
  if (wanted === undefined) {
    throw problemError("rotate", "which role is missing", "name one, or say --all; --list shows them");
  }
  const chosen = chooseOne(config, wanted, args);
  if (chosen.role !== undefined) assertValid(chosen.role, now);
  return [complete(config, deployed, chosen, args)];
}

/** A role, or the administrator where there is none. */
interface Chosen {
  readonly database: string | null;
  readonly role?: RoleConfig;
}

function chooseOne(config: StackConfig, wanted: string, { database, finish }: RotateArgs): Chosen {
  const names = config.databases.flatMap(({ roles }) => roles.flatMap(({ key, name }) => [key, name]));
  const { name } = config.server.administrator;
  if (!names.includes(wanted) && [administratorWord, name].includes(wanted)) {
    const [found] = administrators(config);
    if (finish === true) throw notDual(administratorWord);
    if (found !== undefined) return found;
    throw problemError(
      "rotate",
      `the password of ${name} is given, and not made here`,
      "change it on the server, then `npm run pulumi -- config set --secret pgstead:administratorPassword`, or in its passwordFile",
    );
  }
  const found = findLogin(config, { role: wanted, database }, "rotate");
  if (found.role.keepPassword) {
    throw problemError(
      "rotate",
      `the password of ${found.role.name} is kept as the server has it (\`password: keep\`)`,
      "change it there; or remove that line, so that one is made here, which is a new password as well",
    );
  }
  if (finish === true && found.role.turn === undefined) throw notDual(found.role.key);
  return { database: found.database.name, role: found.role };
}

function notDual(key: string) {
  const hint = "its old password ends with the new one; declare `rotation: dual` for two that take turns";
  return problemError("--finish", `${key} has one login`, hint);
}

function chooseAll({ databases }: StackConfig, { database, finish }: RotateArgs): Chosen[] {
  if (database !== undefined) throw problemError("--database", "stands beside --all", "take one of the two");
  return databases.flatMap(({ name, roles }) =>
    roles
      .filter(({ login, keepPassword, turn }) => login && !keepPassword && turn?.is !== "former")
      .filter(({ turn }) => finish !== true || turn !== undefined)
      .map((role) => ({ database: name, role })),
  );
}

/** One that is given has no number. */
function administrators({ target }: StackConfig): Chosen[] {
  return target === "existing" ? [] : [{ database: null }];
}

/** A new password is no use where none is taken any more. */
function assertValid({ key, validUntil }: RoleConfig, now: number): void {
  if (validUntil === undefined || Date.parse(validUntil) > now) return;
  throw problemError(
    "rotate",
    `every password of ${key} is refused since ${validUntil} (VALID UNTIL)`,
    "raise or remove validUntil in the stack's file first",
  );
}

function complete(
  { server, stack }: StackConfig,
  deployed: readonly RoleCredential[] | undefined,
  { database, role }: Chosen,
  { finish }: RotateArgs,
): Subject {
  const first = role?.turn?.role ?? role?.name ?? server.administrator.name;
  const inFile = role?.passwordVersion ?? server.administrator.passwordVersion;
  const known = deployed?.find((one) => one.role === first);
  if (deployed !== undefined && known === undefined && role !== undefined) {
    throw cannotTell(
      `role ${role.key}`,
      "is declared and was not deployed yet",
      `run \`${upCommand(stack)}\` first`,
    );
  }
  const from = known?.passwordVersion ?? inFile;
  // A run that was ended between the file and `up`: this one finishes it.
  const isBegun = inFile > from;
  const of = role === undefined || database === null ? {} : { of: { database, key: role.key } };
  const names = { database, key: role?.key ?? administratorWord, role: first };
  const login = role?.name ?? first;
  if (role?.turn === undefined) {
    const to = isBegun ? inFile : from + 1;
    const kind = role === undefined ? "administrator" : "single";
    const edit = isBegun ? undefined : { ...of, passwordVersion: to };
    return { ...names, kind, from, to, login, before: login, edit };
  }
  const other = login === first ? secondLogin(first) : first;
  if (finish === true) {
    if (isBegun)
      throw problemError(
        "--finish",
        `a rotation of ${role.key} waits to be finished`,
        `\`rotate ${role.key}\` first`,
      );
    const edit =
      role.rotation === "dual-finished" ? undefined : { ...of, rotation: "dual-finished" as const };
    return { ...names, kind: "dual", from, to: inFile, login, before: other, edit };
  }
  if (isBegun) return { ...names, kind: "dual", from, to: inFile, login, before: other, edit: undefined };
  const edit = { ...of, passwordVersion: from + 1, rotation: "dual" as const };
  return { ...names, kind: "dual", from, to: from + 1, login: other, before: login, edit };
}
