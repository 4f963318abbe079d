import { readFileSync } from "node:fs";
import type { ConnectionTarget } from "../core/connection";
import { problemError } from "../core/problem";

/**
 * The login of previews that must not be able to change anything, such as those of pull requests: where
 * `PGSTEAD_PREVIEW_ROLE` and `PGSTEAD_PREVIEW_PASSWORD_FILE` are set, own resources read as that role.
 */
export function previewLogin<Target extends ConnectionTarget>(connection: Target): Target {
  const { PGSTEAD_PREVIEW_ROLE: user, PGSTEAD_PREVIEW_PASSWORD_FILE: file } = process.env;
  if (isUnset(user) && isUnset(file)) return connection;
  if (isUnset(user) || isUnset(file)) {
    throw problemError(
      "PGSTEAD_PREVIEW_ROLE",
      "one of PGSTEAD_PREVIEW_ROLE and PGSTEAD_PREVIEW_PASSWORD_FILE is set, the other is not",
      "set both, or none.",
    );
  }
  return { ...connection, user, password: readPassword(file) };
}

/** A run that changes something works as the managing login only. */
export function refusePreviewLogin(): void {
  if (isUnset(process.env.PGSTEAD_PREVIEW_ROLE) && isUnset(process.env.PGSTEAD_PREVIEW_PASSWORD_FILE)) return;
  throw problemError(
    "PGSTEAD_PREVIEW_ROLE",
    "it is for previews, and this run changes the server",
    "unset PGSTEAD_PREVIEW_ROLE and PGSTEAD_PREVIEW_PASSWORD_FILE, then run this again.",
  );
}

function isUnset(value: string | undefined): value is undefined | "" {
  return value === undefined || value === "";
}

function readPassword(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw problemError(
      "PGSTEAD_PREVIEW_PASSWORD_FILE",
      `it cannot be read: ${(error as Error).message}`,
      "write the password of PGSTEAD_PREVIEW_ROLE into a file that this account can read.",
      { cause: error },
    );
  }
}
