import type { ResourceType } from "../../../../components/providers/contract";
import type { PropertyMap } from "../../../../components/providers/properties";
import type { Shape } from "../shared/attribute";
import { resourceType as offlineType, type Change } from "../shared/resource";

/** An object of the server, found by what its id or its state says. */
export interface Key {
  readonly name: string;
  /** Database in which it lies, for schemas and extensions. */
  readonly database: string;
}

/** What a resource type of PostgreSQL does on the server. */
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

/** The resource type of a behaviour: an object of PostgreSQL lies where its inputs say. */
export function resourceType(behaviour: Behaviour): ResourceType {
  const { shape, secretOutputs, planned } = behaviour;
  return offlineType<Key>({
    shape,
    secretOutputs,
    planned,
    keyOf: (id, state) => behaviour.keyOf(id, state),
    idOf: (key) => behaviour.idOf(key),
    async create(inputs, { signal }) {
      await behaviour.create(inputs, signal);
      return { key: behaviour.keyOfInputs(inputs) };
    },
    async update(_, change, { signal }) {
      await behaviour.update(change, signal);
      return { key: behaviour.keyOfInputs(change.after) };
    },
    delete: (_, state, { signal }) => behaviour.delete(state, signal),
    read: (key, kept) => behaviour.read(key, kept),
  });
}
