import { Transform } from "node:stream";

/** `AuthenticationSASL`: the server names the mechanisms that it takes. */
const saslRequest = 10;
const header = 9; // type, length, code
const bound = "SCRAM-SHA-256-PLUS";

/**
 * What a server says to a program that speaks in clear with us while we speak TLS with the server: without the mechanism
 * that binds the login to the TLS connection. The program has none to bind to, and clients such as libpq take that offer
 * over a connection in clear for an attack.
 *
 * Only the first message is looked at, which is the request to prove the login, or a refusal.
 */
export function withoutBinding(): Transform {
  let first: Buffer | undefined = Buffer.alloc(0);
  return new Transform({
    transform(part: Buffer, _encoding, done) {
      if (first === undefined) {
        done(null, part);
        return;
      }
      first = Buffer.concat([first, part]);
      const length = first.length < header ? undefined : first.readInt32BE(1) + 1;
      if (length === undefined || first.length < length) {
        done();
        return;
      }
      const message = first.subarray(0, length);
      const rest = first.subarray(length);
      first = undefined;
      done(null, Buffer.concat([withoutPlus(message), rest]));
    },
    flush(done) {
      done(null, first);
    },
  });
}

function withoutPlus(message: Buffer): Buffer {
  if (message.toString("latin1", 0, 1) !== "R" || message.readInt32BE(5) !== saslRequest) return message;
  const mechanisms = message
    .toString("latin1", header)
    .split("\0")
    .filter((name) => name !== "" && name !== bound);
  const body = Buffer.from(`${mechanisms.map((name) => `${name}\0`).join("")}\0`, "latin1");
  const head = Buffer.from(message.subarray(0, header));
  head.writeInt32BE(header - 1 + body.length, 1);
  return Buffer.concat([head, body]);
}
