import { createHash, createHmac, pbkdf2Sync, randomBytes, randomInt, timingSafeEqual } from "node:crypto";

/** PostgreSQL's default of `scram_iterations`. */
const iterations = 4096;
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/**
 * A new password of 32 letters and digits (190 bits) from the system's cryptographic source.
 *
 * No punctuation: it can stand in a URI, in a shell and in a `.pgpass` file as it is.
 */
export function generatePassword(): string {
  return Array.from({ length: 32 }, () => alphabet[randomInt(alphabet.length)]).join("");
}

/**
 * The verifier that PostgreSQL keeps of a password (RFC 5803), with a salt of its own: with it a server can check a
 * login, and nobody can log in.
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  const { stored, server } = scramKeys(password, salt, iterations);
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored}:${server}`;
}

/** True where a verifier, whatever its salt, is of this password. */
export function verifierMatches(verifier: string, password: string): boolean {
  const parts = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)$/.exec(verifier);
  if (parts === null) return false;
  const [, rounds, salt, stored, server] = parts as unknown as [string, string, string, string, string];
  const keys = scramKeys(password, Buffer.from(salt, "base64"), Number(rounds));
  return sameText(keys.stored, stored) && sameText(keys.server, server);
}

/** RFC 5802, section 3. Our passwords are ASCII, which SASLprep leaves as it is. */
function scramKeys(password: string, salt: Buffer, rounds: number): { stored: string; server: string } {
  const salted = pbkdf2Sync(password.normalize("NFKC"), salt, rounds, 32, "sha256");
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();
  return {
    stored: createHash("sha256").update(clientKey).digest("base64"),
    server: createHmac("sha256", salted).update("Server Key").digest("base64"),
  };
}

function sameText(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
