import * as pulumi from "@pulumi/pulumi";
import { findDue, type AgeLimits, type RoleCredential } from "../components/core/credentials/age";

/** Says in a preview which passwords are due. It is a word beside the plan: no resource knows what time it is. */
export function remindOfPasswords(
  credentials: pulumi.Output<RoleCredential[]>,
  limits: Omit<AgeLimits, "now">,
): void {
  if (!pulumi.runtime.isDryRun()) return;
  const command = `npm run ops -- rotate --stack ${pulumi.getStack()}`;
  credentials.apply((known) => {
    for (const { subject, message, hint } of findDue(
      known,
      { ...limits, now: Date.now() },
      (role) => `\`${command} ${role}\``,
    )) {
      void pulumi.log.warn(`${subject}: ${message}\n  hint: ${hint}`);
    }
  });
}
