import { existsSync, statSync } from "node:fs";
import { passphraseFile } from "../../components/io/places";
import { problemError } from "../../components/core/problem";
import { setting, type ToolchainContext } from "./context";
import { projectName } from "./login";

/**
 * The variable that hands Pulumi the passphrase that `npm run ops -- new-stack` made for a stack; nothing where there is
 * none, or where the user's own variables name one.
 *
 * @throws ProblemError others can read the passphrase
 */
export function passphraseOf(
  { env, project }: Pick<ToolchainContext, "env" | "project">,
  stack: string | undefined,
): NodeJS.ProcessEnv {
  // To Pulumi an empty passphrase is one, and an empty name of a file is none.
  const isNamed =
    env.PULUMI_CONFIG_PASSPHRASE !== undefined || setting(env, "PULUMI_CONFIG_PASSPHRASE_FILE") !== undefined;
  if (stack === undefined || isNamed) return {};
  const file = passphraseFile(projectName(project), stack, env);
  if (!existsSync(file)) return {};
  // What others can read is no secret: as with libpq's password file.
  if (process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0) {
    throw problemError(file, "others can read this passphrase", `take that away: chmod 0600 ${file}`);
  }
  return { PULUMI_CONFIG_PASSPHRASE_FILE: file };
}
