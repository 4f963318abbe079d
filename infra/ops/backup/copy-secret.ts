import { readFile } from "node:fs/promises";
import type { CopyPlan } from "../../../components/core/copies/plan";
import { problemError } from "../../../components/core/problem";
import type { CommandContext } from "../command";
import { cannotTell } from "../failure";
import { explainFailure } from "../pulumi-outputs";

/** The secret access key of a copy, from its file; else Pulumi decrypts it, which never shows it to anybody else. */
export async function readCopySecret(
  plan: CopyPlan,
  { stack, pulumi }: Pick<CommandContext, "stack" | "pulumi">,
): Promise<string> {
  if ("path" in plan) return "";
  if (plan.s3.secretAccessKeyFile !== undefined) return readSecretFile(plan);
  const args = ["config", "get", "--path", `pgstead:copySecrets.${plan.name}`, "--stack", stack];
  const { exitCode, stdout, stderr } = await pulumi(args);
  if (exitCode === 0) return stdout.trim();
  const { reason, hint } = explainFailure(stderr, stack);
  throw cannotTell(`the secret access key of copy ${plan.name} cannot be read`, reason, hint);
}

/** @throws ProblemError where it cannot be read */
export async function readSecretFile(plan: CopyPlan): Promise<string> {
  if ("path" in plan) return "";
  const { secretAccessKeyFile: file = "" } = plan.s3;
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    const hint = "let this account read it; in the ops container `up` writes it";
    throw problemError(`copy ${plan.name}`, (error as Error).message, hint, { cause: error });
  }
}
