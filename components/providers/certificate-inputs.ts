import {
  checkValidity,
  defaultRenewBeforeDays,
  defaultValidityDays,
  type DesiredCertificate,
} from "../core/certificate/plan";
import { checkNames } from "../core/certificate/names";
import type { CertificatePlace } from "../core/certificate/placement";
import type { Reload } from "../core/files/model";
import { checkAuthority, type CertificatePair } from "../io/certificate";
import type { CheckFailure } from "./contract";
import { InputCheck } from "./inputs";
import { hasUnknown, isUnknown, revealMap, type PropertyMap, type PropertyValue } from "./properties";
import { addProblems, checkName, checkPlace, checkReloadInput, placeInputs } from "./volume-inputs";

/** Inputs of a certificate as they are declared, with their defaults. What is in `ca` must not reach a log. */
export interface CertificateInputs {
  readonly desired: DesiredCertificate;
  readonly place: CertificatePlace | undefined;
  readonly reload: Reload | undefined;
  /** Undefined: an authority of its own. */
  readonly ca: CertificatePair | undefined;
  /** True: it is given, and known during `up` only. */
  readonly isCaUnknown: boolean;
  readonly caFile: string | undefined;
}

const fileNames = ["certificateFile", "keyFile", "caFile"] as const;

export function readInputs(inputs: PropertyMap): CertificateInputs {
  const { names, validity, renewBefore, place, reload, ca, caFile } = revealMap(inputs) as unknown as {
    readonly names: string[];
    readonly validity?: number;
    readonly renewBefore?: number;
    readonly place?: Partial<CertificatePlace> & Pick<CertificatePlace, "volume" | "owner">;
    readonly reload?: Reload;
    readonly ca?: CertificatePair;
    readonly caFile?: string;
  };
  const isCaUnknown = hasUnknown(inputs.ca);
  return {
    desired: {
      names,
      validity: validity ?? defaultValidityDays,
      renewBefore: renewBefore ?? defaultRenewBeforeDays,
    },
    place: place === undefined || isPlaceUnknown(inputs) ? undefined : completePlace(place),
    reload,
    ca: isCaUnknown ? undefined : ca,
    isCaUnknown,
    caFile,
  };
}

/** Where its volume is replaced, the engine asks for the difference with the whole place unknown. */
export function isPlaceUnknown(inputs: PropertyMap): boolean {
  return isUnknown(inputs.place);
}

function completePlace(
  place: Partial<CertificatePlace> & Pick<CertificatePlace, "volume" | "owner">,
): CertificatePlace {
  const { volume, owner, directoryMode, certificateFile, keyFile, caFile } = place;
  return {
    volume,
    owner,
    directoryMode: directoryMode ?? "0750",
    certificateFile: certificateFile ?? "server.crt",
    keyFile: keyFile ?? "server.key",
    caFile: caFile ?? "ca.crt",
  };
}

/** Everything that is wrong with them, by property. */
export function checkInputs(inputs: PropertyMap, now: Date): readonly CheckFailure[] {
  const check = new InputCheck(inputs)
    .known("names", "validity", "renewBefore", "ca", "place", "reload", "caFile")
    .list("names");
  const { names, validity, renewBefore, caFile, ca, place } = revealMap(inputs);
  if (Array.isArray(names) && !hasUnknown(names)) {
    const texts = names.map((name: PropertyValue) => (typeof name === "string" ? name : ""));
    addProblems(check, checkNames("names", texts));
  }
  const days = (value: PropertyValue | undefined, standard: number): number =>
    value === undefined ? standard : Number(value);
  addProblems(
    check,
    checkValidity(days(validity, defaultValidityDays), days(renewBefore, defaultRenewBeforeDays)),
  );
  if (caFile !== undefined) check.text("caFile");
  checkReloadInput(check, inputs.reload);
  checkGivenAuthority(check, ca, now);
  if (place !== undefined && !isPlaceUnknown(inputs)) checkCertificatePlace(check, place);
  return check.failures;
}

/** Where users give an authority: the keys of a stack, and not this resource's arguments. */
const authorityKeys: CertificatePair = {
  certificate: "pgstead:server.certificate.ca",
  key: "pgstead:caKey",
};

function checkGivenAuthority(check: InputCheck, ca: PropertyValue | undefined, now: Date): void {
  if (ca === undefined || hasUnknown(ca)) return;
  const { certificate, key } = ca as { certificate?: PropertyValue; key?: PropertyValue };
  if (typeof certificate === "string" && typeof key === "string") {
    for (const { path, message, hint } of checkAuthority({ certificate, key }, now, authorityKeys)) {
      // Of no property: the engine would name the resource's own, and print what is in it.
      check.fail("", `${path}: ${message}; ${hint}`);
    }
    return;
  }
  check.fail("ca", "expected `certificate` and `key`, both as PEM");
}

function checkCertificatePlace(check: InputCheck, value: PropertyValue): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    check.fail("place", "expected a volume, an image, an endpoint and an owner");
    return;
  }
  const place = value as PropertyMap;
  const known: readonly string[] = [...placeInputs, ...fileNames, "owner", "directoryMode"];
  for (const name of Object.keys(place)) {
    if (!known.includes(name)) check.fail(`place.${name}`, `not part of a place; it has ${known.join(", ")}`);
  }
  checkPlace(check, place, "place.");
  for (const name of fileNames) if (place[name] !== undefined) checkName(check, `place.${name}`, place[name]);
  const names = fileNames.map((name) => place[name] ?? name);
  if (new Set(names).size < names.length) check.fail("place", "two of its files have the same name");
}
