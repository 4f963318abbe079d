import type { StackNote } from "./clashes";
import { renderKeyPath } from "./secret";
import type { StackCopy } from "./stack-copy";

/** What a copy could not decide, and what becomes of it. Pure. */
export function noteChoices(
  { lists, kept, secretsProvider, environments }: StackCopy,
  {
    env,
    name,
    state,
  }: {
    readonly env: NodeJS.ProcessEnv;
    readonly name: string;
    readonly state: "made" | "kept" | "other";
  },
): StackNote[] {
  const notes: StackNote[] = [];
  for (const subject of lists) {
    const message = "is a list with a secret in it, and was left out as a whole";
    notes.push({ subject, message, hint: "write its other entries again before you set the secret" });
  }
  for (const path of kept) {
    const message = "keeps the secret of the file that was replaced";
    const hint = "set it again if it is another one now";
    notes.push({ subject: renderKeyPath(path), message, hint });
  }
  if (secretsProvider !== undefined && state !== "other") {
    const message = "was left out: the new stack's secrets are encrypted with its passphrase";
    const hint = `for a key of a service, \`npm run pulumi -- stack init ${name} --secrets-provider …\``;
    notes.push({ subject: "secretsprovider", message, hint });
  }
  if (environments) {
    const message = "the new stack imports the same environments";
    notes.push({ subject: "environment", message, hint: "are they for this stack as well?" });
  }
  for (const variable of ["PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_CONFIG_PASSPHRASE"]) {
    if (env[variable] === undefined || state === "other") continue;
    const message = "is set here, and wins over the passphrase of the new stack";
    notes.push({ subject: variable, message, hint: "unset it for commands of this stack" });
  }
  return notes;
}
