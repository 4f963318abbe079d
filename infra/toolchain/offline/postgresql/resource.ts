import { ResourceInitError } from "../../../../components/providers/failure";
import type { ReadRequest, ReadResult, ResourceType } from "../../../../components/providers/contract";
import {
  isUnknown,
  reveal,
  revealMap,
  secret,
  unknown,
  type PropertyMap,
} from "../../../../components/providers/properties";
import { isAbsent, zeroOf, type Shape } from "./attribute";
import { checkInputs } from "./check";
import { changedNames, diffAttributes } from "./difference";
import { importedInputs, keepSecrets, refreshedInputs } from "./inputs";

/** An object of the server, found by what its id or its state says. */
export interface Key {
  readonly name: string;
  /** Database in which it lies, for schemas and extensions. */
  readonly database: string;
}

/** Values of an update: before it and after it, without secrets' wrappers. */
export interface Change {
  readonly before: PropertyMap;
  readonly after: PropertyMap;
  /** Names of the properties that are to change. */
  readonly changed: readonly string[];
}

/** What a resource type does on the server; everything else is the same for all of them. */
export interface Behaviour {
  readonly shape: Shape;
  /** Outputs that are secret whatever the inputs are. */
  readonly secretOutputs: readonly string[];
  keyOf(id: string, state: PropertyMap): Key;
  /** Where the object of these inputs lies: inputs may leave the database to the provider. */
  keyOfInputs(inputs: PropertyMap): Key;
  idOf(key: Key): string;
  /** Outputs that only the server knows when an object is made, and constants. */
  readonly planned: PropertyMap;
  create(inputs: PropertyMap, signal: AbortSignal): Promise<void>;
  update(change: Change, signal: AbortSignal): Promise<void>;
  delete(state: PropertyMap, signal: AbortSignal): Promise<void>;
  /** Reads the object; `kept` has what the server does not know: the inputs, or the state. Undefined: it is gone. */
  read(key: Key, kept: PropertyMap): Promise<PropertyMap | undefined>;
}

/** The resource type of a behaviour. Checks, differences and previews never touch the server. */
export function resourceType(behaviour: Behaviour): ResourceType {
  const { shape } = behaviour;
  return {
    check: ({ oldInputs, newInputs }) => Promise.resolve(checkInputs(shape, oldInputs, newInputs)),
    diff: ({ state, inputs, ignoreChanges }) =>
      Promise.resolve(diffAttributes(shape, state, inputs, ignoreChanges)),
    async create({ inputs, preview, signal }) {
      if (preview) return { id: "", state: finish(behaviour, plannedOutputs(behaviour, inputs), inputs) };
      const plain = revealMap(inputs);
      await behaviour.create(plain, signal);
      const key = behaviour.keyOfInputs(plain);
      const id = behaviour.idOf(key);
      return { id, state: await readBack(behaviour, key, inputs, id) };
    },
    async update({ id, state, inputs, ignoreChanges, preview, signal }) {
      const wanted = plannedUpdate(shape, state, inputs, ignoreChanges);
      if (preview) return finish(behaviour, { ...state, ...wanted }, { ...state, ...inputs });
      const changed = changedNames(shape, state, inputs).filter((name) => !ignoreChanges.includes(name));
      const after = revealMap(wanted);
      await behaviour.update({ before: revealMap(state), after, changed }, signal);
      return readBack(behaviour, behaviour.keyOfInputs(after), wanted, id);
    },
    read: (request) => readResource(behaviour, request),
    async delete({ state, signal }) {
      await behaviour.delete(revealMap(state), signal);
    },
  };
}

async function readResource(behaviour: Behaviour, request: ReadRequest): Promise<ReadResult | undefined> {
  const { id, inputs, state } = request;
  const key = behaviour.keyOf(id, revealMap(state));
  const outputs = await behaviour.read(key, revealMap(state));
  if (outputs === undefined) return undefined;
  const found = finish(behaviour, outputs, { ...state, ...inputs });
  const isImport = Object.keys(state).length === 0;
  return {
    id: behaviour.idOf(key),
    inputs: isImport ? importedInputs(behaviour.shape, found) : refreshedInputs(inputs, found),
    state: found,
  };
}

/** Outputs after a change. The object is there: when it cannot be read now, the state still has to know of it. */
async function readBack(
  behaviour: Behaviour,
  key: Key,
  inputs: PropertyMap,
  id: string,
): Promise<PropertyMap> {
  const incomplete = (message: string, cause?: unknown): ResourceInitError => {
    const state = finish(behaviour, { ...plannedOutputs(behaviour, inputs), id }, inputs);
    const known = Object.entries(state).filter(([, value]) => !isUnknown(value));
    return new ResourceInitError(id, inputs, Object.fromEntries(known), message, { cause });
  };
  let outputs: PropertyMap | undefined;
  try {
    outputs = await behaviour.read(key, revealMap(inputs));
  } catch (error) {
    throw incomplete(error instanceof Error ? error.message : String(error), error);
  }
  if (outputs === undefined) {
    throw incomplete(
      `${behaviour.shape.type} ${id} was changed, and then it was gone: is somebody else changing it?`,
    );
  }
  return finish(behaviour, outputs, inputs);
}

/** Outputs that a preview shows: the inputs, the defaults, and what is not known yet. */
function plannedOutputs(behaviour: Behaviour, inputs: PropertyMap): PropertyMap {
  const values = Object.entries(behaviour.shape.attributes).map(([name, attribute]) => {
    const given = inputs[name];
    const open = attribute.computed === true ? unknown : (attribute.default ?? null);
    return [name, isAbsent(reveal(given)) ? open : given] as const;
  });
  return { ...Object.fromEntries(values), ...behaviour.planned };
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
    return [name, absent ? (attribute.default ?? empty) : given] as const;
  });
  return Object.fromEntries(values);
}

function finish(behaviour: Behaviour, outputs: PropertyMap, inputs: PropertyMap): PropertyMap {
  const kept = keepSecrets(outputs, inputs);
  const hidden = behaviour.secretOutputs.map((name) => [name, secret(kept[name] ?? null)] as const);
  return { ...kept, ...Object.fromEntries(hidden) };
}
