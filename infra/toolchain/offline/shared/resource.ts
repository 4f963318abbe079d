import type { ReadRequest, ReadResult, ResourceType } from "../../../../components/providers/contract";
import type { EngineLog } from "../../../../components/providers/engine-log";
import { ResourceInitError } from "../../../../components/providers/failure";
import {
  isSecret,
  isUnknown,
  reveal,
  revealMap,
  secret,
  unknown,
  type PropertyMap,
  type PropertyValue,
} from "../../../../components/providers/properties";
import { asMap, isAbsent, zeroOf, type Shape } from "./attribute";
import { checkInputs } from "./check";
import { changedNames, diffAttributes } from "./difference";
import { importedInputs, keepSecrets, refreshedInputs } from "./inputs";
import { secretTexts } from "./secret-texts";

/** Values of an update: before it and after it, without secrets' wrappers. */
export interface Change {
  readonly before: PropertyMap;
  readonly after: PropertyMap;
  /** Names of the properties that are to change. */
  readonly changed: readonly string[];
}

/** What an operation on the server works with. */
export interface Work {
  /** Aborted when the run is cancelled. */
  readonly signal: AbortSignal;
  readonly log: EngineLog;
  /** Texts that came in as secrets: they must not appear in a message. */
  readonly secrets: readonly string[];
}

/** An object of the server after an operation. */
export interface Made<Key> {
  readonly key: Key;
  /** It is there and belongs into the state, but is not what it should be: the run fails with this. */
  readonly problem?: Error;
}

/** Why an object is read: right after it was made or changed, or because somebody wants to know what it is like. */
export type Occasion = "created" | "updated" | "asked";

/** What a resource type does on the server; everything else is the same for all of them. */
export interface Behaviour<Key> {
  readonly shape: Shape;
  /** Outputs that are secret whatever the inputs are. */
  readonly secretOutputs: readonly string[];
  /** Outputs that only the server knows when an object is made, and constants. */
  readonly planned: PropertyMap;
  keyOf(id: string, state: PropertyMap): Key;
  idOf(key: Key): string;
  create(inputs: PropertyMap, work: Work): Promise<Made<Key>>;
  update(key: Key, change: Change, work: Work): Promise<Made<Key>>;
  delete(key: Key, state: PropertyMap, work: Work): Promise<void>;
  /** Reads the object; `kept` has what the server does not know: the inputs, or the state. Undefined: it is gone. */
  read(key: Key, kept: PropertyMap, occasion: Occasion, work: Work): Promise<PropertyMap | undefined>;
}

/** The resource type of a behaviour. Checks, differences and previews never touch the server. */
export function resourceType<Key>(behaviour: Behaviour<Key>): ResourceType {
  const { shape } = behaviour;
  return {
    check: ({ oldInputs, newInputs }) => Promise.resolve(checkInputs(shape, oldInputs, newInputs)),
    diff: ({ state, inputs, ignoreChanges }) =>
      Promise.resolve(diffAttributes(shape, state, inputs, ignoreChanges)),
    async create({ inputs, preview, ...request }) {
      if (preview) return { id: "", state: finish(behaviour, plannedOutputs(behaviour, inputs), inputs) };
      const work = workOf(request, inputs);
      const made = await behaviour.create(revealMap(inputs), work);
      const id = behaviour.idOf(made.key);
      return { id, state: await readBack(behaviour, { ...made, id, inputs, occasion: "created" }, work) };
    },
    async update({ id, state, inputs, ignoreChanges, preview, ...request }) {
      const wanted = plannedUpdate(shape, state, inputs, ignoreChanges);
      if (preview) return finish(behaviour, { ...state, ...wanted }, { ...state, ...inputs });
      const changed = changedNames(shape, state, inputs).filter((name) => !ignoreChanges.includes(name));
      const work = workOf(request, inputs, state);
      const before = revealMap(state);
      const change = { before, after: revealMap(wanted), changed };
      const made = await behaviour.update(behaviour.keyOf(id, before), change, work);
      return readBack(behaviour, { ...made, id, inputs: wanted, occasion: "updated" }, work);
    },
    read: (request) => readResource(behaviour, request),
    async delete({ id, state, ...request }) {
      const plain = revealMap(state);
      await behaviour.delete(behaviour.keyOf(id, plain), plain, workOf(request, state));
    },
  };
}

function workOf(request: Pick<Work, "signal" | "log">, ...maps: readonly PropertyMap[]): Work {
  return { signal: request.signal, log: request.log, secrets: secretTexts(maps) };
}

async function readResource<Key>(
  behaviour: Behaviour<Key>,
  { id, inputs, state, ...request }: ReadRequest,
): Promise<ReadResult | undefined> {
  const plain = revealMap(state);
  const key = behaviour.keyOf(id, plain);
  const outputs = await behaviour.read(key, plain, "asked", workOf(request, inputs, state));
  if (outputs === undefined) return undefined;
  const found = finish(behaviour, outputs, { ...state, ...inputs });
  const isImport = Object.keys(state).length === 0;
  return {
    id: behaviour.idOf(key),
    inputs: isImport ? importedInputs(behaviour.shape, found) : refreshedInputs(inputs, found),
    state: found,
  };
}

interface ReadingBack<Key> extends Made<Key> {
  readonly id: string;
  readonly inputs: PropertyMap;
  readonly occasion: Occasion;
}

/** Outputs after a change. The object is there: when it cannot be read now, the state still has to know of it. */
async function readBack<Key>(
  behaviour: Behaviour<Key>,
  { key, id, inputs, occasion, problem }: ReadingBack<Key>,
  work: Work,
): Promise<PropertyMap> {
  const incomplete = (message: string, cause: unknown, found?: PropertyMap): ResourceInitError => {
    const state = finish(behaviour, found ?? { ...plannedOutputs(behaviour, inputs), id }, inputs);
    const known = Object.entries(state).filter(([, value]) => !isUnknown(value));
    return new ResourceInitError(id, inputs, Object.fromEntries(known), message, { cause });
  };
  let outputs: PropertyMap | undefined;
  try {
    outputs = await behaviour.read(key, revealMap(inputs), occasion, work);
  } catch (error) {
    throw incomplete((problem ?? asError(error)).message, error);
  }
  if (problem !== undefined) throw incomplete(problem.message, problem, outputs);
  if (outputs === undefined) {
    throw incomplete(
      `${behaviour.shape.type} ${id} was changed, and then it was gone: is somebody else changing it?`,
      undefined,
    );
  }
  return finish(behaviour, outputs, inputs);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** Outputs that a preview shows: the inputs, the defaults, and what is not known yet. */
function plannedOutputs(
  { shape, planned }: Pick<Behaviour<unknown>, "shape" | "planned">,
  inputs: PropertyMap,
) {
  const values = Object.entries(shape.attributes).map(([name, attribute]) => {
    const given = inputs[name];
    const open = attribute.computed === true ? unknown : (attribute.default ?? null);
    return [name, isAbsent(reveal(given)) ? open : withoutMarks(given)] as const;
  });
  return { ...Object.fromEntries(values), ...planned };
}

/** Outputs have no `__defaults`, at any depth. */
function withoutMarks(value: PropertyValue | undefined): PropertyValue | undefined {
  if (Array.isArray(value))
    return (value as readonly PropertyValue[]).map((item) => withoutMarks(item) ?? null);
  const map = asMap(value);
  if (map === undefined) return value;
  if (isSecret(value)) return secret(withoutMarks(map.value) ?? null);
  const { __defaults, ...rest } = map;
  return Object.fromEntries(Object.entries(rest).map(([name, item]) => [name, withoutMarks(item)]));
}

/** Values after an update: the inputs, or the state where a property is ignored or is the server's to decide. */
function plannedUpdate(
  shape: Shape,
  state: PropertyMap,
  inputs: PropertyMap,
  ignoreChanges: readonly string[],
): PropertyMap {
  const values = Object.entries(shape.attributes).map(([name, attribute]) => {
    const given = inputs[name];
    const absent = isAbsent(reveal(given));
    if (ignoreChanges.includes(name) || (absent && attribute.computed === true))
      return [name, state[name]] as const;
    const empty = attribute.kind === "integer" ? zeroOf(attribute) : null;
    return [name, absent ? (attribute.default ?? empty) : withoutMarks(given)] as const;
  });
  return Object.fromEntries(values);
}

function finish(
  { secretOutputs }: Pick<Behaviour<unknown>, "secretOutputs">,
  outputs: PropertyMap,
  inputs: PropertyMap,
): PropertyMap {
  const kept = keepSecrets(outputs, inputs);
  const hidden = secretOutputs.map((name) => [name, secret(kept[name] ?? null)] as const);
  return { ...kept, ...Object.fromEntries(hidden) };
}
