import { Gauge, type Registry } from "prom-client";
import { secondsSince } from "../../../components/core/credentials/age";
import type { OpsContext } from "../../../components/core/ops-context";
import type { Clock } from "./clock";

/** How old the passwords are, as the `up` that made them wrote into the context. */
export function measureCredentials(
  { credentials = [] }: Pick<OpsContext, "credentials">,
  clock: Clock,
  registers: Registry[],
): void {
  new Gauge({
    name: "pgstead_credential_age_seconds",
    help: "How long ago the password of a role was made",
    labelNames: ["role"],
    registers,
    collect() {
      for (const { role, changedAt } of credentials) {
        this.set({ role }, secondsSince(changedAt, clock.now()));
      }
    },
  });
}
