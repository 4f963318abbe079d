import { cannotTell } from "../failure";

/** What a password, or what stands for one, looks like: none of it has a place in a plan. */
const secrets: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["a SCRAM verifier", /SCRAM-SHA-256\$/i],
  ["an MD5 verifier", /\bmd5[0-9a-f]{32}\b/],
  // Of a role's own password: what stands in its place is in brackets.
  ["a password of a role", /\bPASSWORD\s+(?:E)?'(?!\[verifier\]')[^']/i],
  ["a URI with a password", /\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:(?!\*+@|\[secret\]@)[^\s@/]+@/i],
  // Of a connection, or of a rule of pg_hba.conf: `ldapbindpasswd=…`.
  ["a password of a connection", /(?:passw(?:or)?d|radiussecrets)\s*=\s*(?!\*|\[secret\]|\s|$)\S/i],
  ["a private key", /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
];

/**
 * Refuses a text that is to be public and holds a secret. The message does not repeat it.
 *
 * @throws CannotTellError naming what kind of secret it is
 */
export function assertNoSecrets(text: string): void {
  const found = secrets.filter(([, pattern]) => pattern.test(text)).map(([name]) => name);
  if (found.length === 0) return;
  throw cannotTell(
    "the comment is not written",
    `it would hold ${found.join(" and ")}`,
    "nothing of it was printed or posted: look at the preview on a machine of your own, and please report where it came from",
  );
}
