import { renderDuration } from "../duration";
import type { Problem } from "../problem";
import { canonicalNames, sameNames } from "./names";

/** Most days that a server's certificate may be valid: what browsers and auditors take (CA/Browser Forum, 398). */
export const maxValidityDays = 398;

/** @default - 90 days: a stolen key is of use for a season, and nobody has to think of it, as it renews itself */
export const defaultValidityDays = 90;

/** @default - 30 days before its end: a renewal that fails has a month to be mended */
export const defaultRenewBeforeDays = 30;

/** Days that an authority of our own is valid. */
export const authorityValidityDays = 3650;

/** From here on the end of an authority is told: every client has to get the next one before. */
const tellAuthorityDays = 365;

const dayMs = 24 * 60 * 60 * 1000;

/** What a certificate says of itself. */
export interface CertificateFacts {
  /** Host names and addresses, as they are compared. */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SHA-256 of the certificate, as openssl prints it: `AB:CD:…`. */
  readonly fingerprint: string;
}

/** A certificate and its key where they are in use. */
export type FoundCertificate =
  | { readonly kind: "absent" }
  | { readonly kind: "unreadable" }
  | (CertificateFacts & {
      readonly kind: "there";
      readonly isOfAuthority: boolean;
      readonly keyBelongs: boolean;
    });

/** What is declared of a certificate; `validity` and `renewBefore` are days. */
export interface DesiredCertificate {
  readonly names: readonly string[];
  readonly validity: number;
  readonly renewBefore: number;
}

/**
 * Why a new certificate is to be made; undefined: the one that is there is right, whoever made it.
 *
 * The ops container and `pulumi up` decide by this same function.
 *
 * @param authorityEnd the end of its authority, which no certificate of it outlasts: to renew it brings nothing then
 */
export function planCertificate(
  desired: Pick<DesiredCertificate, "names" | "renewBefore">,
  found: FoundCertificate,
  authorityEnd: Date,
  now: Date,
): string | undefined {
  if (found.kind === "absent") return "there is none";
  if (found.kind === "unreadable") return "what is there is no certificate";
  if (!found.isOfAuthority) return "the one that is there is of another authority";
  if (!found.keyBelongs) return "the key beside it belongs to another one";
  if (!sameNames(desired.names, found.names)) {
    return `it is for ${renderNames(found.names)}; declared are ${renderNames(desired.names)}`;
  }
  if (found.notBefore > now) return `it is valid from ${found.notBefore.toISOString()} only`;
  const left = found.notAfter.getTime() - now.getTime();
  if (left <= 0) return `it ended ${renderDuration(-left / 1000)} ago`;
  if (left >= desired.renewBefore * dayMs || found.notAfter >= authorityEnd) return undefined;
  return `it ends in ${renderDuration(left / 1000)}, and is renewed ${desired.renewBefore} d before`;
}

/**
 * The end of a certificate that is made now: never after that of its authority.
 *
 * @param authorityEnd undefined: it is its own authority
 */
export function endOfCertificate(validityDays: number, authorityEnd: Date | undefined, now: Date): Date {
  const end = now.getTime() + validityDays * dayMs;
  return new Date(Math.min(end, authorityEnd?.getTime() ?? end));
}

/**
 * What is to be told of an authority's end: when it is, what that means, and what to do; undefined: it is far.
 *
 * @param authority name of its resource, and whether it was made here
 */
export function warnAuthority(
  { name, isOwn }: { readonly name: string; readonly isOwn: boolean },
  authorityEnd: Date,
  now: Date,
): string | undefined {
  const left = authorityEnd.getTime() - now.getTime();
  if (left > tellAuthorityDays * dayMs) return undefined;
  const end = authorityEnd.toISOString().slice(0, 10);
  const when = left <= 0 ? `ended on ${end}` : `ends on ${end}, in ${renderDuration(left / 1000)}`;
  const remedy = isOwn
    ? `\`npm run pulumi -- up --replace '**Certificate::${name}'\` makes another one; every client needs its certificate from then on (output caCertificate).`
    : "name the next one in pgstead:server.certificate.ca, write its key to pgstead:caKey, and give its certificate to every client before.";
  return `the certificate authority of ${name} ${when}. No certificate of the server lasts longer: from that day on every client that checks the server refuses it.\n  hint: ${remedy}`;
}

/** `db.example.org, localhost`: as a plan names them. */
export function renderNames(names: readonly string[]): string {
  return names.length === 0 ? "no name" : canonicalNames(names).join(", ");
}

/** What is wrong with the days of a certificate. */
export function checkValidity(validity: number, renewBefore: number): Problem[] {
  const isNumber = (days: number): boolean => Number.isInteger(days) && days >= 1;
  if (!isNumber(validity)) {
    const hint = `leave it out for ${defaultValidityDays} days.`;
    return [{ path: "validity", message: "it is no number of days", hint }];
  }
  if (validity > maxValidityDays) {
    const message = `${validity} days: a certificate of a server is valid for ${maxValidityDays} days at the most`;
    const hint = `take ${defaultValidityDays} or less: it is renewed by itself, without a restart.`;
    return [{ path: "validity", message, hint }];
  }
  if (!isNumber(renewBefore)) {
    const hint = `leave it out for ${defaultRenewBeforeDays} days.`;
    return [{ path: "renewBefore", message: "it is no number of days", hint }];
  }
  if (renewBefore < validity) return [];
  const message = `${renewBefore} days is not less than the ${validity} days that a certificate is valid`;
  const hint = "take a third of `validity`; else each certificate would be renewed at once.";
  return [{ path: "renewBefore", message, hint }];
}
