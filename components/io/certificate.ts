import { createPrivateKey, KeyObject, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import type * as X509 from "@peculiar/x509";
import { canonicalNames, isAddress } from "../core/certificate/names";
import {
  authorityValidityDays,
  endOfCertificate,
  type CertificateFacts,
  type FoundCertificate,
} from "../core/certificate/plan";
import type { Problem } from "../core/problem";

/** A certificate and its private key (PKCS #8), as PEM. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate says of itself; undefined: the text is no certificate. */
export function readCertificate(pem: string): CertificateFacts | undefined {
  const certificate = parseCertificate(pem);
  if (certificate === undefined) return undefined;
  return {
    names: namesOf(certificate),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    fingerprint: certificate.fingerprint256,
  };
}

/** What is in use, compared with its authority's certificate and with the key beside it. */
export function inspectCertificate(
  pair: Partial<CertificatePair>,
  authority: string | undefined,
): FoundCertificate {
  if (pair.certificate === undefined || pair.key === undefined) return { kind: "absent" };
  const certificate = parseCertificate(pair.certificate);
  const facts = readCertificate(pair.certificate);
  if (certificate === undefined || facts === undefined) return { kind: "unreadable" };
  const signer = authority === undefined ? undefined : parseCertificate(authority);
  return {
    kind: "there",
    ...facts,
    isOfAuthority:
      signer !== undefined && certificate.checkIssued(signer) && certificate.verify(signer.publicKey),
    keyBelongs: belongs(pair.key, certificate),
  };
}

/**
 * What is wrong with an authority that is given: nothing of it is repeated.
 *
 * @param where where its certificate and its key were given, in the words of whoever gave them
 */
export function checkAuthority(
  { certificate: pem, key }: CertificatePair,
  now: Date,
  where: CertificatePair = { certificate: "ca.certificate", key: "ca.key" },
): Problem[] {
  const certificate = parseCertificate(pem);
  const problem = (message: string, hint: string, path = where.certificate): Problem[] => [
    { path, message, hint },
  ];
  if (certificate === undefined) {
    return problem("it is no certificate", "give it as PEM (`-----BEGIN CERTIFICATE-----` …).");
  }
  if (!certificate.ca) {
    return problem("it is not that of an authority (CA:TRUE)", "give the authority's own.");
  }
  if (pem.split("-----BEGIN CERTIFICATE-----").length > 2 || !certificate.verify(certificate.publicKey)) {
    const hint =
      "give one that has signed itself: clients that are given an intermediate one believe nobody.";
    return problem("it is not a root", hint);
  }
  if (new Date(certificate.validTo) <= now) {
    return problem(`it ended on ${certificate.validTo}`, "give the next one.");
  }
  const { asymmetricKeyType: type = "", asymmetricKeyDetails: details } = certificate.publicKey;
  if (type === "rsa" ? (details?.modulusLength ?? 0) < 2048 : !curves.has(details?.namedCurve ?? "")) {
    const hint = "take ECDSA on P-256, P-384 or P-521, or RSA with 2048 bits or more.";
    return problem("its key is weak, or of a kind that is not supported", hint);
  }
  if (belongs(key, certificate)) return [];
  const hint = "give the private key of that certificate as PEM, without a passphrase.";
  return problem(`it does not belong to the certificate of ${where.certificate}`, hint, where.key);
}

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function belongs(key: string, certificate: X509Certificate): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** As Node writes them: `DNS:localhost, IP Address:127.0.0.1`. What is of another kind stays in whole, as nobody declares it. */
function namesOf({ subjectAltName = "" }: X509Certificate): string[] {
  const names = subjectAltName === "" ? [] : subjectAltName.split(", ");
  return canonicalNames(names.map((name) => name.replace(/^(?:DNS|IP Address):/, "")));
}

/** A new authority: ECDSA on P-256, for servers' certificates only (no further authority below it), 10 years. */
export async function makeAuthority(now: Date): Promise<CertificatePair> {
  const x509 = await loadX509();
  const keys = await generateKeys();
  const name = `CN=pgstead CA ${randomBytes(4).toString("hex")}`;
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject: name,
      issuer: name,
      notBefore: startOf(now),
      notAfter: endOfCertificate(authorityValidityDays, undefined, now),
      publicKey: keys.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return pairOf(certificate, keys.privateKey);
}

/**
 * A new certificate of a server with a key of its own: ECDSA on P-256, for exactly these names, and not valid longer than
 * its authority. Takes some 20 ms; the first one loads the library (some 150 ms).
 *
 * @param ca the authority, proven by {@link checkAuthority} where a user gave it
 * @param validity days
 */
export async function issueServerCertificate(
  ca: CertificatePair,
  names: readonly string[],
  validity: number,
  now: Date,
): Promise<CertificatePair> {
  const x509 = await loadX509();
  const authority = new x509.X509Certificate(ca.certificate);
  const keys = await generateKeys();
  const { key, algorithm } = await signerOf(ca.key);
  const identifier = authority.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject: subjectOf(names),
      issuer: authority.subjectName,
      notBefore: startOf(now),
      notAfter: endOfCertificate(validity, authority.notAfter, now),
      publicKey: keys.publicKey,
      signingKey: key,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          canonicalNames(names).map((value) => ({ type: isAddress(value) ? "ip" : "dns", value })),
        ),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        ...(identifier === undefined ? [] : [new x509.AuthorityKeyIdentifierExtension(identifier)]),
      ],
    },
    webcrypto,
  );
  return pairOf(certificate, keys.privateKey);
}

/** Loaded only where a certificate is made: most runs make none. */
async function loadX509(): Promise<typeof X509> {
  // It marks its classes with metadata, which the language does not have by itself.
  await import("reflect-metadata");
  return import("@peculiar/x509");
}

function generateKeys() {
  return webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
}

/** Curves as OpenSSL names them, with the hash that is as strong. */
const curves: ReadonlyMap<string, { readonly namedCurve: string; readonly hash: string }> = new Map([
  ["prime256v1", { namedCurve: "P-256", hash: "SHA-256" }],
  ["secp384r1", { namedCurve: "P-384", hash: "SHA-384" }],
  ["secp521r1", { namedCurve: "P-521", hash: "SHA-512" }],
]);

async function signerOf(pem: string) {
  const key = createPrivateKey(pem);
  const der = key.export({ type: "pkcs8", format: "der" });
  const curve = curves.get(key.asymmetricKeyDetails?.namedCurve ?? "");
  const algorithm =
    curve === undefined
      ? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }
      : { name: "ECDSA", hash: curve.hash, namedCurve: curve.namedCurve };
  return { key: await webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]), algorithm };
}

/** The name that people see; clients look at the alternative names. 64 characters is all that X.520 has for it. */
function subjectOf(names: readonly string[]): X509.JsonName {
  const shown = names.find((name) => name.length <= 64 && !isAddress(name)) ?? "pgstead server";
  return [{ CN: [shown] }];
}

/** 126 random bits behind a one: never negative, never the same twice. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
}

/** Ten minutes ago: clocks of servers and clients are never quite the same. */
function startOf(now: Date): Date {
  return new Date(now.getTime() - 10 * 60 * 1000);
}

function pairOf(certificate: X509.X509Certificate, key: webcrypto.CryptoKey): CertificatePair {
  const pem = KeyObject.from(key).export({ type: "pkcs8", format: "pem" });
  return { certificate: `${certificate.toString("pem").trimEnd()}\n`, key: pem.toString() };
}
