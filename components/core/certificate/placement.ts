import { assumeVolume, emptyVolume, planFiles, type FilesPlan } from "../files/plan";
import type { DesiredFile, FileOwner, LiveVolume, Reload } from "../files/model";
import type { Plan, Statement } from "../statement";
import {
  planCertificate,
  renderNames,
  warnAuthority,
  type DesiredCertificate,
  type FoundCertificate,
} from "./plan";

/** Where a certificate, its key and its authority's certificate are for a server. */
export interface CertificatePlace {
  readonly volume: string;
  readonly owner: FileOwner;
  readonly directoryMode: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

/** A file's content with its hash. */
export interface KnownContent {
  readonly content: string;
  readonly hash: string;
}

export interface PlacementSubject {
  /** Name of the resource. */
  readonly name: string;
  readonly desired: DesiredCertificate;
  /** Undefined: the certificate is in the state alone. */
  readonly place: CertificatePlace | undefined;
  readonly reload: Reload | undefined;
  /** The authority, as far as it is known; undefined: this run makes it, or it is known during `up` only. */
  readonly authority:
    { readonly certificate: KnownContent; readonly notAfter: Date; readonly isOwn: boolean } | undefined;
  /** What is in use, or, without a place, in the state. */
  readonly found: FoundCertificate;
  /** Content of what is in use. */
  readonly pair: { readonly certificate: KnownContent; readonly key: KnownContent } | undefined;
  /** Undefined: the volume is not there yet. */
  readonly live: LiveVolume | undefined;
}

export interface PlacementPlan {
  readonly plan: Plan;
  /** What is to be told to whoever looks, and is no difference: the end of the authority. */
  readonly warning: string | undefined;
  /** A new certificate is made; the authority as well where none is known. */
  readonly issues: boolean;
  /** What is done on the volume. */
  readonly files: FilesPlan | undefined;
}

/** Decides what is made anew, and what is written where. */
export function planPlacement(subject: PlacementSubject, now: Date): PlacementPlan {
  const { name, authority, found, desired } = subject;
  const reason =
    authority === undefined
      ? "its authority is made with it"
      : planCertificate(desired, found, authority.notAfter, now);
  const files = planPlace(subject, reason !== undefined);
  return {
    plan: {
      statements: [
        ...planAuthority(subject),
        ...planIssue(subject, reason),
        ...(files?.plan.statements ?? []),
      ],
      refusals: files?.plan.refusals ?? [],
    },
    warning:
      authority === undefined ? undefined : warnAuthority({ ...authority, name }, authority.notAfter, now),
    issues: reason !== undefined,
    files,
  };
}

function planAuthority({ name, authority }: PlacementSubject): Statement[] {
  if (authority !== undefined) return [];
  return [
    step(
      `make a certificate authority for ${name}`,
      "every client that proves the server needs its certificate",
    ),
  ];
}

function planIssue({ desired, place }: PlacementSubject, reason: string | undefined): Statement[] {
  if (reason === undefined) return [];
  const text = `issue a certificate for ${renderNames(desired.names)}, valid ${desired.validity} d`;
  return [step(text, place === undefined ? reason : `volume ${place.volume}: ${reason}`)];
}

/** Files of a certificate: certificates are for everybody to read, the key for its owner. */
function planPlace(subject: PlacementSubject, issues: boolean): FilesPlan | undefined {
  const { place, reload, authority, pair, live } = subject;
  if (place === undefined) return undefined;
  const file = (mode: string, known: KnownContent | undefined, secret: boolean): DesiredFile => ({
    content: known?.content,
    hash: known?.hash,
    mode,
    secret,
    opaque: true,
  });
  const files = {
    [place.caFile]: file("0644", authority?.certificate, false),
    [place.certificateFile]: file("0644", issues ? undefined : pair?.certificate, false),
    [place.keyFile]: file("0600", issues ? undefined : pair?.key, true),
  };
  const { volume, owner, directoryMode } = place;
  const desired = { volume, owner, directoryMode, files, others: [], reload };
  return planFiles(desired, undefined, live ?? emptyVolume);
}

/** The volume as the state has it, for a preview that cannot look at it. */
export function assumePlace(
  { volume, owner, directoryMode, caFile, certificateFile, keyFile }: CertificatePlace,
  known: { readonly ca: KnownContent; readonly certificate: KnownContent; readonly key: KnownContent },
): LiveVolume {
  const file = (mode: string, content: KnownContent): DesiredFile => ({ ...content, mode, secret: true });
  const files = {
    [caFile]: file("0644", known.ca),
    [certificateFile]: file("0644", known.certificate),
    [keyFile]: file("0600", known.key),
  };
  return assumeVolume({ volume, owner, directoryMode, files, others: [], reload: undefined });
}

function step(sql: string, reason: string): Statement {
  return { sql, reason, risk: "none", kind: "certificate", step: true };
}
