import { readCertificate, type CertificatePair } from "../io/certificate";
import { isUnknown, revealMap, secret, type PropertyMap } from "./properties";

/** What the state has. What it returns must not reach a log. */
export interface KnownCertificate extends CertificatePair {
  readonly caCertificate: string;
  readonly caKey: string;
  readonly isCaGiven: boolean;
}

/** Undefined: the state has none, or not all of it. */
export function knownOf(state: PropertyMap | undefined): KnownCertificate | undefined {
  if (state === undefined) return undefined;
  const { caCertificate, caKey, certificate: own, key, ca } = revealMap(state);
  const texts = [caCertificate, caKey, own, key];
  if (!texts.every((text) => typeof text === "string" && !isUnknown(text))) return undefined;
  return { caCertificate, caKey, certificate: own, key, isCaGiven: ca !== undefined } as KnownCertificate;
}

/** The outputs of an authority and a certificate of it; keys are secret. */
export function outputsOf(
  inputs: PropertyMap,
  authority: CertificatePair,
  pair: CertificatePair,
): PropertyMap {
  const facts = readCertificate(pair.certificate);
  return {
    ...inputs,
    caCertificate: authority.certificate,
    caKey: secret(authority.key),
    certificate: pair.certificate,
    key: secret(pair.key),
    notAfter: facts?.notAfter.toISOString() ?? "",
    fingerprint: facts?.fingerprint ?? "",
    refusals: [],
  };
}
