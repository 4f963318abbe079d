import {
  planPlacement,
  assumePlace,
  type KnownContent,
  type PlacementPlan,
} from "../core/certificate/placement";
import type { LiveVolume } from "../core/files/model";
import { isEmptyPlan } from "../core/statement";
import {
  inspectCertificate,
  issueServerCertificate,
  makeAuthority,
  readCertificate,
  type CertificatePair,
} from "../io/certificate";
import { hashOf } from "../io/files/live-file";
import { applyFiles, assertSettled, isUnread } from "../io/docker/volume-change";
import { previewVolume, readVolume, writeVolume } from "../io/docker/volume-files";
import { keepCertificateCopy, removeCertificateCopy } from "../io/local-copy";
import { checkInputs, isPlaceUnknown, readInputs, type CertificateInputs } from "./certificate-inputs";
import { knownOf, outputsOf, type KnownCertificate } from "./certificate-state";
import type {
  DeleteRequest,
  DiffRequest,
  DiffResult,
  PropertyDifference,
  ResourceRequest,
  ResourceType,
} from "./contract";
import { neverImported } from "./never-imported";
import { ResourceInitError } from "./failure";
import { assertNoRefusals } from "./guard";
import { sameValue, secret, unknown, type PropertyMap } from "./properties";
import { showPlan, showWarning } from "./show-plan";
import { placeOf, previewTimeoutMs, showUnreadVolume, type Unread } from "./volume-inputs";

/** A certificate authority and a server's certificate, in the state and on a volume. */
export const certificate: ResourceType = {
  check: ({ newInputs }) =>
    Promise.resolve({ inputs: newInputs, failures: checkInputs(newInputs, new Date()) }),

  async diff(request) {
    if (isPlaceUnknown(request.inputs)) return difference(request, false);
    const look = await lookLive(request, request.inputs, request.state);
    await show(request, look.placement);
    // The one in use: another one that is declared counts from `up` on.
    await keepCopy(look.inputs, knownOf(request.state)?.caCertificate);
    return difference(request, !isEmptyPlan(look.placement.plan));
  },

  async create(request) {
    const { inputs, preview, name } = request;
    if (!preview) return { id: name, state: await apply(request, inputs, undefined) };
    const look = await lookLive(request, inputs, undefined);
    await show(request, look.placement);
    return { id: name, state: previewState(inputs, look) };
  },

  async update(request) {
    const { inputs, state, preview } = request;
    if (!preview) return apply(request, inputs, state);
    return previewState(inputs, await lookLive(request, inputs, state));
  },

  read: neverImported(
    "a certificate is not imported",
    "declare it with the authority that you have (`ca`), and run `pulumi up`.",
  ),

  async delete(request) {
    await removeFiles(request);
    await removeCopy(request, request.state);
  },
};

/** What is declared, what is there, and what is to be done. */
interface Look {
  readonly inputs: CertificateInputs;
  /** Undefined: it is to be made, or known during `up` only. */
  readonly authority: CertificatePair | undefined;
  /** In use on the volume, or in the state where there is no place. */
  readonly pair: CertificatePair | undefined;
  readonly placement: PlacementPlan;
}

/** The plan against the volume; where that cannot be read, against what the last run has left there. */
async function lookLive(
  request: ResourceRequest,
  inputs: PropertyMap,
  state: PropertyMap | undefined,
): Promise<Look> {
  const known = knownOf(state);
  const { place } = readInputs(inputs);
  const assume = async (reason: Unread): Promise<LiveVolume | undefined> => {
    await showUnreadVolume(request, reason);
    if (known === undefined || place === undefined) return undefined;
    const { caCertificate: ca, certificate: own, key } = known;
    return assumePlace(place, { ca: content(ca), certificate: content(own), key: content(key) });
  };
  if (place === undefined) return decide(request, inputs, known, undefined);
  const way = placeOf(inputs.place as PropertyMap, request);
  if (way === undefined) return decide(request, inputs, known, await assume("its volume is not known yet"));
  try {
    return decide(request, inputs, known, await previewVolume(way, previewTimeoutMs));
  } catch (error) {
    if (!isUnread(error)) throw error;
    return decide(request, inputs, known, await assume(error));
  }
}

function decide(
  { name }: ResourceRequest,
  inputs: PropertyMap,
  known: KnownCertificate | undefined,
  live: LiveVolume | undefined,
): Look {
  const declared = readInputs(inputs);
  const { place, reload, desired } = declared;
  const now = new Date();
  const authority = authorityOf(declared, known, now);
  const inUse =
    place === undefined
      ? known
      : { certificate: live?.files[place.certificateFile]?.text, key: live?.files[place.keyFile]?.text };
  const pair =
    inUse?.certificate === undefined || inUse.key === undefined
      ? undefined
      : { certificate: inUse.certificate, key: inUse.key };
  const placement = planPlacement(
    {
      name,
      desired,
      place,
      reload,
      authority: authority && {
        certificate: content(authority.certificate),
        notAfter: endOf(authority),
        isOwn: declared.ca === undefined,
      },
      found: inspectCertificate(pair ?? {}, authority?.certificate),
      pair: pair && { certificate: content(pair.certificate), key: content(pair.key) },
      live,
    },
    now,
  );
  return { inputs: declared, authority, pair, placement };
}

/** The given one; else the one of the state, unless that was given before or is over. */
function authorityOf(
  { ca, isCaUnknown }: CertificateInputs,
  known: KnownCertificate | undefined,
  now: Date,
): CertificatePair | undefined {
  if (ca !== undefined) return ca;
  if (isCaUnknown || known === undefined || known.isCaGiven) return undefined;
  const own = { certificate: known.caCertificate, key: known.caKey };
  return endOf(own) > now ? own : undefined;
}

function endOf({ certificate: pem }: CertificatePair): Date {
  return readCertificate(pem)?.notAfter ?? new Date(0);
}

function content(text: string): KnownContent {
  return { content: text, hash: hashOf(text) };
}

function difference({ oldInputs, inputs, state }: DiffRequest, isLive: boolean): DiffResult {
  const detailed: Record<string, PropertyDifference> = {};
  const volumeOf = (map: PropertyMap) => (map.place as PropertyMap | undefined)?.volume;
  if (!sameValue(volumeOf(oldInputs), volumeOf(inputs))) detailed["place.volume"] = "update-replace";
  for (const name of ["names", "ca", "caFile"]) {
    if (!sameValue(oldInputs[name], inputs[name])) detailed[name] = "update";
  }
  if (knownOf(state) === undefined || (isLive && Object.keys(detailed).length === 0))
    detailed.live = "update";
  return {
    changed: Object.keys(detailed).length > 0,
    detailed,
    deleteBeforeReplace: true,
    ofOutputs: ["live"],
  };
}

/** Makes what is to be made, keeps it in the state also where the volume cannot be written, and writes it. */
async function apply(
  request: ResourceRequest,
  inputs: PropertyMap,
  state: PropertyMap | undefined,
): Promise<PropertyMap> {
  const known = knownOf(state);
  const way = inputs.place === undefined ? undefined : placeOf(inputs.place as PropertyMap, request);
  const look = async (with_: KnownCertificate | undefined): Promise<Look> =>
    decide(request, inputs, with_, way === undefined ? undefined : await readVolume(way));
  const found = await look(known);
  const { plan, issues, files } = found.placement;
  assertNoRefusals(plan.refusals);
  await show(request, found.placement);
  const now = new Date();
  const { names, validity } = found.inputs.desired;
  const authority = found.authority ?? (await makeAuthority(now));
  const pair =
    issues || found.pair === undefined
      ? await issueServerCertificate(authority, names, validity, now)
      : found.pair;
  const made = outputsOf(inputs, authority, pair);
  try {
    await keepCopy(found.inputs, authority.certificate);
    if (state?.caFile !== inputs.caFile) await removeCopy(request, state);
    if (way === undefined || files === undefined || found.inputs.place === undefined) return made;
    const { place, reload } = found.inputs;
    const contents = new Map([
      [place.caFile, { content: authority.certificate, mode: "0644" }],
      [place.certificateFile, { content: pair.certificate, mode: "0644" }],
      [place.keyFile, { content: pair.key, mode: "0600" }],
    ]);
    await applyFiles(way, files, contents, { ...place, reload });
    if (plan.statements.length > 0) assertSettled(way, (await look(knownOf(made))).placement.plan);
    return made;
  } catch (error) {
    // An authority that nobody keeps would be another one at the next run.
    throw new ResourceInitError(request.name, inputs, made, (error as Error).message, { cause: error });
  }
}

/** What stays is known: dependants are not planned anew because a certificate is renewed. */
function previewState(inputs: PropertyMap, { authority, pair, placement }: Look): PropertyMap {
  const hidden = { caKey: secret(unknown), key: secret(unknown) };
  const none = { caCertificate: unknown, certificate: unknown, notAfter: unknown, fingerprint: unknown };
  const refusals = placement.plan.refusals.map((refusal) => ({ ...refusal }));
  if (authority === undefined) return { ...inputs, ...none, ...hidden, refusals };
  const kept = { caCertificate: authority.certificate, caKey: secret(authority.key) };
  if (placement.issues || pair === undefined) return { ...inputs, ...none, ...hidden, ...kept, refusals };
  return { ...outputsOf(inputs, authority, pair), refusals };
}

async function show(request: ResourceRequest, { plan, warning }: PlacementPlan): Promise<void> {
  await showPlan(request, plan, null);
  await showWarning(request, warning);
}

async function keepCopy({ caFile }: CertificateInputs, pem: string | undefined): Promise<void> {
  if (caFile !== undefined && pem !== undefined) await keepCertificateCopy(caFile, pem);
}

/** The copy goes with what it is a copy of, unless somebody has put another file in its place. */
async function removeCopy(request: ResourceRequest, state: PropertyMap | undefined): Promise<void> {
  const [caFile, pem] = [state?.caFile, knownOf(state)?.caCertificate];
  if (typeof caFile !== "string" || pem === undefined) return;
  const fault = await removeCertificateCopy(caFile, pem);
  if (fault !== undefined) await request.log("warning", `the copy ${caFile} stays: ${fault}`);
}

/** Only while they are this resource's own: what another authority has signed belongs to its successor. */
async function removeFiles(request: DeleteRequest): Promise<void> {
  const { place } = readInputs(request.inputs);
  const way = place === undefined ? undefined : placeOf(request.inputs.place as PropertyMap, request);
  if (place === undefined || way === undefined) return;
  const live = await readVolume(way);
  if (live === undefined) return;
  const pem = live.files[place.certificateFile]?.text;
  const pair = pem === undefined ? {} : { certificate: pem, key: "" };
  const found = inspectCertificate(pair, knownOf(request.state)?.caCertificate);
  if (found.kind === "there" && !found.isOfAuthority) return;
  const remove = [place.certificateFile, place.keyFile, place.caFile].filter(
    (name) => live.files[name] !== undefined,
  );
  const { owner, mode: directoryMode } = live;
  if (remove.length > 0) await writeVolume(way, { owner, directoryMode, write: [], remove });
}
