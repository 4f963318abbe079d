import { type ConnectionTarget, tlsModes } from "../core/connection";
import {
  refuseExisting,
  type ActualExisting,
  type DesiredExisting,
  type TakenFile,
} from "../core/existing-server";
import { problemError } from "../core/problem";
import { listForProvider, noteForProvider, type ServerNeeds } from "../core/provider-settings";
import type { Refusal } from "../core/statement";
import { readExisting, readPasswordFile, waitForExisting } from "../io/existing-server";
import { describeOther } from "../io/identity";
import { previewLogin, refusePreviewLogin } from "../io/preview-login";
import { readTakenFiles } from "../io/taken-files";
import { ServerUnreachableError } from "../io/session";
import type { DiffRequest, PropertyDifference, ResourceRequest, ResourceType } from "./contract";
import { assertNoRefusals } from "./guard";
import { InputCheck } from "./inputs";
import { isUnknown, revealMap, sameValue, secret, unknown, type PropertyMap } from "./properties";
import { showPlan, showUnread } from "./show-plan";

/**
 * A server that is there already. It is never changed by this resource, only asked: whether it answers, what it is,
 * and what the managing login may do on it.
 */
export const existingServer: ResourceType = {
  check: ({ newInputs }) => Promise.resolve({ inputs: newInputs, failures: checkInputs(newInputs) }),

  async diff(request) {
    const [login, live] = await look(request);
    const detailed = differences(request, login, live);
    const refusals = refusalsOf(request.inputs, live, request.state);
    await showPlan(request, { statements: [], refusals, notes: notesOf(request.inputs, live) });
    if (refusals.length > 0) detailed.live = "update";
    return { changed: Object.keys(detailed).length > 0, detailed, ofOutputs: ["live", "version"] };
  },

  async create(request) {
    const id = placeOf(request.inputs);
    if (!request.preview) return { id, state: await ready(request, {}) };
    const [login, live] = await look(request);
    const refusals = refusalsOf(request.inputs, live, {});
    await showPlan(request, { statements: [], refusals, notes: notesOf(request.inputs, live) });
    return { id, state: stateOf(request.inputs, login, live, {}, refusals) };
  },

  async update(request) {
    if (!request.preview) return ready(request, request.state);
    const [login, live] = await look(request);
    const refusals = refusalsOf(request.inputs, live, request.state);
    return stateOf(request.inputs, login, live, request.state, refusals);
  },

  async read(request) {
    if (request.inputs.host === undefined) {
      throw problemError(
        `import of ${request.id}`,
        "how to log in to the server is not part of an id",
        "declare it and run `pulumi up`: nothing is made or changed, the server is only asked what it is.",
      );
    }
    // One that does not answer is not gone.
    const [login, live] = await look(request);
    // Another server in its place is refused until somebody has asked for this.
    const state = stateOf(request.inputs, login, live, request.state, refusalsOf(request.inputs, live, {}));
    return { id: request.id, inputs: request.inputs, state };
  },

  delete: () => Promise.resolve(),
};

function checkInputs(inputs: PropertyMap) {
  const check = new InputCheck(inputs)
    .known(
      "host",
      "port",
      "user",
      "password",
      "passwordFile",
      "tls",
      "ssh",
      "superuser",
      "managed",
      "needs",
      "takesOver",
    )
    .text("host")
    .integer("port", 1, 65_535)
    .text("user")
    .flag("superuser");
  if (inputs.managed !== undefined) check.flag("managed");
  if (inputs.password !== undefined) check.text("password");
  if (inputs.passwordFile !== undefined) check.text("passwordFile");
  const { mode } = (inputs.tls ?? {}) as PropertyMap;
  if (inputs.tls !== undefined && !tlsModes.some((known) => known === mode)) {
    check.fail("tls.mode", `expected one of ${tlsModes.join(", ")}`);
  }
  return check.failures;
}

function placeOf(inputs: PropertyMap): string {
  const { host, port } = inputs as { readonly host: string; readonly port: number };
  return `${host}:${port}`;
}

/** The declared login, and what the server says; undefined where it does not answer, which is told. */
async function look(
  request: ResourceRequest & { readonly inputs: PropertyMap },
): Promise<[ConnectionTarget, ActualExisting | undefined]> {
  const login = await readLogin(request.inputs);
  try {
    const options = { connectTimeoutMs: 3_000, statementTimeoutMs: 10_000, needs: needsOf(request.inputs) };
    return [login, await readExisting(previewLogin(login), options)];
  } catch (error) {
    if (!(error instanceof ServerUnreachableError)) throw error;
    await showUnread(request, error.message);
    return [login, undefined];
  }
}

/** The server answers queries, and nothing stands in the way: then what it is. */
async function ready(
  request: ResourceRequest & { readonly inputs: PropertyMap },
  state: PropertyMap,
): Promise<PropertyMap> {
  refusePreviewLogin();
  const login = await readLogin(request.inputs);
  const live = await waitForExisting(login, {
    waitSeconds: 60,
    signal: request.signal,
    needs: needsOf(request.inputs),
  });
  assertNoRefusals(refusalsOf(request.inputs, live, state));
  const before = await keepFiles(login, takenOf(request.inputs), state);
  return { ...stateOf(request.inputs, login, live, state, []), ...(before === undefined ? {} : { before }) };
}

function takenOf(inputs: PropertyMap): readonly TakenFile[] {
  return (revealMap(inputs).takesOver ?? []) as readonly TakenFile[];
}

/**
 * Files that the stack is to change from now on, as they are: before anything of it does. What is known stays, as by now
 * the file is the stack's; what the stack changes no more is forgotten, as it has been put back.
 */
async function keepFiles(
  login: ConnectionTarget,
  taken: readonly TakenFile[],
  state: PropertyMap,
): Promise<PropertyMap[string] | undefined> {
  if (taken.length === 0) return undefined;
  const known = knownFiles(state);
  const isWhole = taken.every((name) => name in known);
  const found: typeof known = isWhole ? {} : await readTakenFiles(login);
  return secret(Object.fromEntries(taken.map((name) => [name, known[name] ?? found[name] ?? ""])));
}

function knownFiles(state: PropertyMap): Partial<Record<TakenFile, string>> {
  const { before } = revealMap(state);
  return typeof before === "object" && before !== null ? (before as Partial<Record<TakenFile, string>>) : {};
}

/** Where neither the password nor its file is declared, a variable names the file: a machine of its own may have another. */
async function readLogin(inputs: PropertyMap): Promise<ConnectionTarget> {
  const { password, passwordFile, host, port, user, tls, ssh } = revealMap(inputs);
  const file = passwordFile ?? process.env.PGSTEAD_ADMINISTRATOR_PASSWORD_FILE ?? "";
  const way = ssh === undefined ? {} : { ssh };
  const place = { host, port, user, ...(tls === undefined ? {} : { tls }), ...way };
  const target = place as unknown as Omit<ConnectionTarget, "password">;
  if (typeof password === "string") return { ...target, password };
  if (typeof file === "string" && file !== "") return { ...target, password: await readPasswordFile(file) };
  throw problemError(
    `login of ${target.user}`,
    "it has no password",
    "set it with `npm run pulumi -- config set --secret pgstead:administratorPassword`, or name its file in PGSTEAD_ADMINISTRATOR_PASSWORD_FILE.",
  );
}

function needsOf(inputs: PropertyMap): ServerNeeds | undefined {
  return revealMap(inputs).needs as unknown as ServerNeeds | undefined;
}

/** What the owner has said to be the service's to do is told, and stops nobody. */
function notesOf(inputs: PropertyMap, live: ActualExisting | undefined): string[] {
  const needs = needsOf(inputs);
  if (inputs.managed !== true || needs === undefined || live?.offers === undefined) return [];
  const note = noteForProvider(listForProvider(needs, live.offers));
  return note === undefined ? [] : [note];
}

function refusalsOf(inputs: PropertyMap, live: ActualExisting | undefined, state: PropertyMap): Refusal[] {
  if (live === undefined) return [];
  const known = state.systemIdentifier;
  const expected = typeof known === "string" && !isUnknown(known) ? known : undefined;
  const other = live.systemIdentifier === "" ? undefined : describeOther(live.systemIdentifier, expected);
  const desired = revealMap(inputs) as unknown as DesiredExisting;
  if (other === undefined) return refuseExisting(desired, withDeclaredLogin(desired, live));
  return [
    {
      subject: `server ${placeOf(inputs)}`,
      message: `another server answers there: ${other}`,
      hint: "set host and port back; after a planned change of server, run `pulumi refresh`",
    },
  ];
}

/** A preview may look as another role, whose rights say nothing of the managing login's. */
function withDeclaredLogin(desired: DesiredExisting, live: ActualExisting): ActualExisting {
  if (live.capabilities.login === desired.user) return live;
  const { offers, ...found } = live;
  const available = (offers?.available ?? []).map((one) => ({ ...one, trusted: true }));
  return {
    ...found,
    capabilities: { ...live.capabilities, superuser: desired.superuser },
    ...(offers === undefined ? {} : { offers: { ...offers, available } }),
  };
}

function differences(
  { inputs, oldInputs, state }: DiffRequest,
  login: ConnectionTarget,
  live: ActualExisting | undefined,
): Record<string, PropertyDifference> {
  const detailed: Record<string, PropertyDifference> = {};
  for (const name of ["host", "port", "user", "tls", "ssh", "superuser", "passwordFile", "takesOver"]) {
    if (!sameValue(oldInputs[name], inputs[name])) detailed[name] = "update";
  }
  // What was kept of another server is none of this one's.
  if (takenOf(inputs).some((name) => !(name in knownFiles(state)))) detailed.takesOver ??= "update";
  if (!sameValue(state.password, login.password)) detailed.password = "update";
  if (live !== undefined && !sameValue(state.version, live.version)) detailed.version = "update";
  return detailed;
}

/** What dependants need is known in a preview as well; only a server that never answered has no identity yet. */
function stateOf(
  inputs: PropertyMap,
  login: ConnectionTarget,
  live: ActualExisting | undefined,
  state: PropertyMap,
  refusals: readonly Refusal[],
): PropertyMap {
  return {
    ...inputs,
    ...(isOther(live, state) ? {} : keptFiles(inputs, state)),
    password: secret(login.password),
    systemIdentifier: live?.systemIdentifier ?? state.systemIdentifier ?? unknown,
    version: live?.version ?? state.version ?? unknown,
    refusals: refusals.map((refusal) => ({ ...refusal })),
  };
}

/** After a refresh on purpose: another server has taken the place of the one that the state knows. */
function isOther(live: ActualExisting | undefined, state: PropertyMap): boolean {
  const { systemIdentifier: known } = state;
  if (live === undefined || typeof known !== "string" || isUnknown(known) || known === "") return false;
  return live.systemIdentifier !== "" && live.systemIdentifier !== known;
}

/** In a preview what is to be read by the run is not known yet. */
function keptFiles(inputs: PropertyMap, state: PropertyMap): PropertyMap {
  const taken = takenOf(inputs);
  if (taken.length === 0) return {};
  const known = knownFiles(state);
  return { before: taken.every((name) => name in known) ? (state.before ?? unknown) : unknown };
}
