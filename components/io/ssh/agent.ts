import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Transform } from "node:stream";
import { AgentProtocol, createAgent, type OpenSSHAgent, type ParsedKey } from "ssh2";
import type { SshHop, SshLogin } from "../../core/ssh/login";
import { parsePrivateKey } from "./dial";

/** An agent of a run's own, as OpenSSH's `ssh-agent` is one. */
export interface KeyAgent {
  /** Socket in a directory that only this account can enter. */
  readonly path: string;
  close(): Promise<void>;
}

/** Agents by their sockets are of the same kind, whoever serves them. */
type Upstream = Pick<OpenSSHAgent, "getIdentities" | "sign">;

/**
 * Serves the keys of a login, opened with their passphrase, to programs that only know an agent (SSH_AUTH_SOCK), such as
 * the plugin `command`: so no key has to be in an input of theirs, which would be in the state. What the user's own agent
 * has comes after them. No key leaves it, only signatures.
 *
 * @param upstream socket of the user's own agent
 * @returns undefined: no key comes from a file
 * @throws SshError a key that is none, or that its passphrase does not open
 */
export async function openKeyAgent(
  login: SshLogin,
  upstream: string | undefined,
): Promise<KeyAgent | undefined> {
  const { bastion } = login;
  const keys = [login, ...(bastion === undefined ? [] : [bastion])].flatMap(keysOf);
  if (keys.length === 0) return undefined;
  const behind = upstream === undefined || upstream === "" ? undefined : (createAgent(upstream) as Upstream);
  const directory = await mkdtemp(join(tmpdir(), "pgstead-agent-"));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // Who leaves in between is no failure of the agent.
    socket.on("error", () => undefined);
    serve(socket, keys, behind);
  });
  const path = join(directory, "agent");
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(path, resolve);
  });
  return {
    path,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function keysOf(hop: SshHop): ParsedKey[] {
  return hop.privateKey === undefined ? [] : [parsePrivateKey(hop, hop.privateKey)];
}

function serve(socket: Socket, keys: readonly ParsedKey[], upstream: Upstream | undefined): void {
  const protocol = new AgentProtocol(false);
  protocol.on("error", () => socket.destroy());
  protocol.on("identities", (request) => {
    void identities(upstream).then((others) => {
      protocol.getIdentitiesReply(request, [...keys, ...others]);
    });
  });
  protocol.on("sign", (request, wanted, data, { hash }) => {
    const own = keys.find((key) => key.getPublicSSH().equals(wanted.getPublicSSH()));
    const signed = own === undefined ? signUpstream(upstream, wanted, data, hash) : sign(own, data, hash);
    signed.then(
      (signature) => {
        protocol.signReply(request, signature);
      },
      () => {
        protocol.failureReply(request);
      },
    );
  });
  socket.pipe(knownRequests(socket)).pipe(protocol).pipe(socket);
}

async function sign(key: ParsedKey, data: Buffer, hash: string | undefined): Promise<Buffer> {
  const signature = await Promise.resolve(key.sign(data, hash));
  if (signature instanceof Error) throw signature;
  return key.type.startsWith("ecdsa-") ? ecdsaSignature(signature) : signature;
}

/**
 * The two numbers of an ECDSA signature as SSH has them (RFC 5656, 3.1.2), from those that the library gives (SEQUENCE of
 * two INTEGER, in DER): both write a number with the fewest bytes, and a zero before a first bit that is set.
 */
function ecdsaSignature(der: Buffer): Buffer {
  const parts: Buffer[] = [];
  // The length of the sequence takes a byte more where it is over 127, as with P-521.
  let at = der.readUInt8(1) === 0x81 ? 3 : 2;
  while (at < der.length) {
    const size = der.readUInt8(at + 1);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(size);
    parts.push(length, der.subarray(at + 2, at + 2 + size));
    at += 2 + size;
  }
  return Buffer.concat(parts);
}

/** What cannot be asked has no keys: the own ones still count. */
function identities(upstream: Upstream | undefined): Promise<ParsedKey[]> {
  if (upstream === undefined) return Promise.resolve([]);
  return new Promise((resolve) => {
    upstream.getIdentities((error, keys) => {
      resolve(error ? [] : ((keys ?? []) as ParsedKey[]));
    });
  });
}

function signUpstream(
  upstream: Upstream | undefined,
  key: ParsedKey,
  data: Buffer,
  hash: string | undefined,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (upstream === undefined) {
      reject(new Error("nobody has that key"));
      return;
    }
    const options = hash === undefined ? {} : { hash: hash as "sha256" | "sha512" };
    upstream.sign(key, data, options, (error, signature) => {
      if (error || signature === undefined) reject(error ?? new Error("the agent gave no signature"));
      else resolve(signature);
    });
  });
}

/** Requests of an agent (draft-ietf-sshm-ssh-agent, 6.1): for its keys, and for a signature. */
const known: readonly number[] = [11, 13];
const failure = Buffer.from([0, 0, 0, 1, 5]);
/** Longest request that is waited for, as with OpenSSH's own agent. */
const longest = 256 * 1024;

/**
 * Answers everything else by a failure, as the protocol wants it: the library reads only the first byte of what it does not
 * know, and takes the rest for another request. OpenSSH's client begins with such a one (`session-bind@openssh.com`).
 */
function knownRequests(socket: Socket): Transform {
  let held = Buffer.alloc(0);
  return new Transform({
    transform(part: Buffer, _encoding, done) {
      held = Buffer.concat([held, part]);
      while (held.length >= 5) {
        const length = held.readUInt32BE(0);
        if (length > longest) {
          socket.destroy();
          break;
        }
        if (held.length < 4 + length) break;
        const message = held.subarray(0, 4 + length);
        held = held.subarray(4 + length);
        if (known.includes(message.readUInt8(4))) this.push(message);
        else socket.write(failure);
      }
      done();
    },
  });
}
