import { randomBytes } from "node:crypto";
import { chown, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import forge from "node-forge";
import type { TestServer } from "./server";

/** An authority of a test's own, in a directory. */
export interface Authority {
  /** File of its certificate. */
  readonly file: string;
  readonly pem: string;
  /** A certificate and its key as PEM, for names such as `db.test` and `127.0.0.1`. */
  issue(names: readonly string[], options?: Validity): { readonly crt: string; readonly key: string };
  /** Turns TLS on with a certificate of this authority, for names such as `db.test` and `127.0.0.1`. */
  secure(server: TestServer, names: readonly string[]): Promise<void>;
}

/** Default: from yesterday to tomorrow. */
export interface Validity {
  /** True: from the day before yesterday to yesterday. */
  readonly isExpired?: boolean;
}

export async function makeAuthority(directory: string): Promise<Authority> {
  const label = randomBytes(3).toString("hex");
  const file = join(directory, `${label}.crt`);
  const keys = forge.pki.rsa.generateKeyPair(2048);
  const name = [{ name: "commonName", value: `authority ${label}` }];
  const certificate = certify(keys.publicKey, { subject: name, issuer: name, signer: keys.privateKey }, [
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, critical: true },
  ]);
  const pem = forge.pki.certificateToPem(certificate);
  await writeFile(file, pem);
  const issue: Authority["issue"] = (names, validity) => {
    const own = forge.pki.rsa.generateKeyPair(2048);
    const subject = [{ name: "commonName", value: "server" }];
    const order = { subject, issuer: name, signer: keys.privateKey, ...validity };
    const signed = certify(own.publicKey, order, [{ name: "subjectAltName", altNames: names.map(altName) }]);
    return { crt: forge.pki.certificateToPem(signed), key: forge.pki.privateKeyToPem(own.privateKey) };
  };
  return {
    file,
    pem,
    issue,
    secure: (server, names) => install(server, directory, issue(names)),
  };
}

interface Order extends Validity {
  readonly subject: forge.pki.CertificateField[];
  readonly issuer: forge.pki.CertificateField[];
  readonly signer: forge.pki.rsa.PrivateKey;
}

function certify(publicKey: forge.pki.PublicKey, order: Order, extensions: object[]): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = publicKey;
  certificate.serialNumber = `01${randomBytes(8).toString("hex")}`;
  const day = 24 * 60 * 60 * 1000;
  const end = Date.now() + (order.isExpired === true ? -day : day);
  certificate.validity.notBefore = new Date(end - 2 * day);
  certificate.validity.notAfter = new Date(end);
  certificate.setSubject(order.subject);
  certificate.setIssuer(order.issuer);
  certificate.setExtensions(extensions);
  certificate.sign(order.signer, forge.md.sha256.create());
  return certificate;
}

/** Types of RFC 5280, "GeneralName". */
function altName(name: string): object {
  return /^[\d.]+$/.test(name) ? { type: 7, ip: name } : { type: 2, value: name };
}

async function install(
  server: TestServer,
  directory: string,
  files: { crt: string; key: string },
): Promise<void> {
  const label = randomBytes(3).toString("hex");
  const place = (name: string): string => join(directory, `${label}.${name}`);
  const { uid, gid } = await stat(server.instance.dataDirectory);
  for (const name of ["crt", "key"] as const) {
    await writeFile(place(name), files[name], { mode: 0o600 });
    await chown(place(name), uid, gid);
  }
  const session = await server.connect();
  await session.query(`ALTER SYSTEM SET ssl_cert_file = '${place("crt")}'`);
  await session.query(`ALTER SYSTEM SET ssl_key_file = '${place("key")}'`);
  await session.query("ALTER SYSTEM SET ssl = on");
  await session.query("SELECT pg_reload_conf()");
  await session.close();
}
