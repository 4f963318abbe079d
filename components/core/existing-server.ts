import type { Capabilities } from "./capabilities";
import { refuseExtensions, type ServerNeeds, type ServerOffers } from "./provider-settings";
import type { Refusal } from "./statement";

/** A file of the server that a stack changes, and puts back as it was before when it goes. */
export type TakenFile = "postgresql.auto.conf" | "pg_hba.conf";

/** What is declared of a server that is there already. */
export interface DesiredExisting {
  readonly user: string;
  /** Whether the managing login is declared to be a superuser. */
  readonly superuser: boolean;
  /** What is declared and takes more than some logins have; absent: nothing of it is looked at. */
  readonly needs?: ServerNeeds;
}

/** What the server says of itself. */
export interface ActualExisting {
  /** Version as the server names it, such as `17.10`. */
  readonly version: string;
  /** Empty where the login may not read it. */
  readonly systemIdentifier: string;
  readonly capabilities: Capabilities;
  /** What it has of what is declared; absent: nothing was asked. */
  readonly offers?: ServerOffers;
}

/** The oldest version whose catalogue is read here: PostgreSQL's own support of 13 has ended. */
export const oldestVersion = 140_000;

/** What stands in the way of managing a server, all of it. */
export function refuseExisting(
  desired: DesiredExisting,
  { version, capabilities, offers }: ActualExisting,
): Refusal[] {
  const refusals: Refusal[] = [];
  const { superuser, createRole, createDatabase, serverVersion, inRecovery } = capabilities;
  if (serverVersion < oldestVersion) {
    refusals.push({
      subject: "version of the server",
      message: `it is PostgreSQL ${version}, and 14 is the oldest that is supported`,
      hint: "upgrade it first; pg_upgrade keeps the data in place",
    });
  }
  if (inRecovery) {
    refusals.push({
      subject: "server",
      message: "it is a standby: it replays the changes of another server, and takes none itself",
      hint: "give the host of the primary in pgstead:server.host",
    });
  }
  if (desired.superuser && !superuser) {
    const may = [...(createRole ? ["CREATEROLE"] : []), ...(createDatabase ? ["CREATEDB"] : [])];
    refusals.push({
      subject: `role ${desired.user}`,
      message: `it is declared to be a superuser, and is none (it has ${may.join(" and ") || "neither CREATEROLE nor CREATEDB"})`,
      hint: "set pgstead:server.administrator.superuser to false, as for a managed service, or log in as a superuser",
    });
  }
  const { needs } = desired;
  return needs === undefined || offers === undefined
    ? refusals
    : [...refusals, ...refuseExtensions(needs, { ...offers, capabilities })];
}
