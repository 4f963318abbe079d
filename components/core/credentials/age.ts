import type { Finding } from "../finding";

/** The password of a role, as far as it may be told. */
export interface RoleCredential {
  /** The role, or the administrator, by its name on the server; of two logins that take turns, the first. */
  readonly role: string;
  /** Who logs in with it: the same, or the second login in its turn. */
  readonly login: string;
  readonly passwordVersion: number;
  /** When it was made, as an ISO string in UTC; absent where that is not known. */
  readonly changedAt?: string | undefined;
}

/** How old a password is, and by when it is to be another one. */
export interface CredentialAge {
  readonly role: string;
  /** ISO strings in UTC; null where nobody knows when it was made. */
  readonly changedAt: string | null;
  readonly ageSeconds: number | null;
  /** The sooner of its age and its `VALID UNTIL`; null where there is neither. */
  readonly dueAt: string | null;
  readonly isDue: boolean;
}

/** What a password's age is judged by. Time is passed in, in milliseconds. */
export interface AgeLimits {
  readonly now: number;
  /** `pgstead:monitoring.thresholds.credential`. */
  readonly seconds: number;
  /** `VALID UNTIL` of roles that have one, as ISO strings. */
  readonly validUntil?: ReadonlyMap<string, string>;
}

const dayMs = 86_400_000;

/** A moment that is this near counts as there: there has to be time to tell the clients. */
const noticeDays = 14;

/** Whole seconds since a password was made: none by a clock that runs behind the one that wrote the moment. */
export function secondsSince(changedAt: string, now: number): number {
  return Math.max(0, Math.floor((now - Date.parse(changedAt)) / 1_000));
}

/** The age of a password, which is due at the limit, and a fortnight before `VALID UNTIL` refuses it. */
export function ageOf(
  { role, login, changedAt }: RoleCredential,
  { now, seconds, validUntil = new Map() }: AgeLimits,
): CredentialAge {
  const made = changedAt === undefined ? undefined : Date.parse(changedAt);
  const ends = validUntil.get(login) ?? validUntil.get(role);
  const moments = [
    ...(made === undefined ? [] : [made + seconds * 1_000]),
    ...(ends === undefined ? [] : [Date.parse(ends) - noticeDays * dayMs]),
  ];
  const due = moments.length === 0 ? undefined : Math.min(...moments);
  return {
    role,
    changedAt: changedAt ?? null,
    ageSeconds: changedAt === undefined ? null : secondsSince(changedAt, now),
    dueAt: due === undefined ? null : new Date(due).toISOString(),
    isDue: due !== undefined && due <= now,
  };
}

/**
 * A finding for each password that is due.
 *
 * @param hint how it is made anew, by the role
 */
export function findDue(
  credentials: readonly RoleCredential[],
  limits: AgeLimits,
  hint: (role: string) => string,
): Finding[] {
  return credentials.flatMap((credential) => {
    const { role, login } = credential;
    const { isDue, ageSeconds } = ageOf(credential, limits);
    if (!isDue) return [];
    const subject = `role ${role}`;
    const ends = limits.validUntil?.get(login) ?? limits.validUntil?.get(role);
    if (ends !== undefined && Date.parse(ends) - noticeDays * dayMs <= limits.now) {
      const isOver = Date.parse(ends) <= limits.now;
      const message = `its password ${isOver ? "is refused since" : "will be refused from"} ${ends} on (VALID UNTIL)`;
      return [{ subject, message, hint: "a new password does not change that: raise validUntil as well" }];
    }
    const [days, most] = [ageSeconds ?? 0, limits.seconds].map((seconds) => Math.floor(seconds / 86_400));
    return [{ subject, message: `its password is ${days} days old; ${most} is the limit`, hint: hint(role) }];
  });
}
