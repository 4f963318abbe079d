import type { PropertyMap } from "../../components/providers/properties";
import type { Difference, ProviderClient, ResourceClient } from "./provider-client";

/** A resource as a program declares it. */
export interface Declared {
  readonly name: string;
  readonly token: string;
  readonly inputs: PropertyMap;
  readonly ignoreChanges?: readonly string[];
}

/** A resource as the state has it. */
export interface Entry {
  readonly name: string;
  readonly id: string;
  readonly token: string;
  readonly inputs: PropertyMap;
  readonly state: PropertyMap;
}

export interface Step {
  readonly op: "create" | "update" | "replace" | "delete";
  readonly name: string;
  readonly diff: readonly string[];
  readonly replace: readonly string[];
}

/** A state and what the engine does with it, one resource after another: as little of it as tests need. */
export class ProviderStack {
  /** By type and name, such as `Role/app`. */
  readonly entries = new Map<string, Entry>();

  constructor(private readonly provider: ProviderClient) {}

  entry(key: string): Entry {
    const entry = this.entries.get(key);
    if (entry === undefined) throw new Error(`the state has no ${key}`);
    return entry;
  }

  /** Makes and updates what is declared; gives what was done. Nothing is deleted. */
  async up(...declared: readonly Declared[]): Promise<Step[]> {
    const steps: Step[] = [];
    for (const resource of declared) {
      const step = await this.apply(resource);
      if (step !== undefined) steps.push(step);
    }
    return steps;
  }

  /** What `up` would find different. */
  async diff(declared: Declared): Promise<Difference> {
    const entry = this.entry(keyOf(declared));
    return this.client(declared).diff(await this.comparison(declared, entry));
  }

  /** Reads everything again; gives what differs, as the engine shows it. */
  async refresh(): Promise<Step[]> {
    const steps: Step[] = [];
    for (const [key, entry] of [...this.entries]) {
      const { name } = entry;
      const found = await this.provider.resource(entry.token, name).read(entry.id, entry);
      if (found === undefined) {
        this.entries.delete(key);
        steps.push({ op: "delete", name, diff: [], replace: [] });
        continue;
      }
      this.entries.set(key, { ...entry, ...found });
      const diff = Object.keys({ ...entry.state, ...found.state })
        .filter((property) => JSON.stringify(entry.state[property]) !== JSON.stringify(found.state[property]))
        .sort();
      if (diff.length > 0) steps.push({ op: "update", name, diff, replace: [] });
    }
    return steps;
  }

  /** Brings an object under management by its id. */
  async import(token: string, name: string, id: string): Promise<Entry> {
    const found = await this.provider.resource(token, name).read(id);
    if (found === undefined) throw new Error(`there is no ${id} to import`);
    const entry = { ...found, name, token };
    this.entries.set(keyOf(entry), entry);
    return entry;
  }

  /** Deletes what is named, in that order, or everything, the last made first. */
  async destroy(...keys: readonly string[]): Promise<void> {
    for (const key of keys.length > 0 ? keys : [...this.entries.keys()].reverse()) {
      const entry = this.entry(key);
      await this.provider.resource(entry.token, entry.name).delete(entry.id, entry);
      this.entries.delete(key);
    }
  }

  private async apply(declared: Declared): Promise<Step | undefined> {
    const { name, token } = declared;
    const key = keyOf(declared);
    const entry = this.entries.get(key);
    const client = this.client(declared);
    if (entry === undefined) {
      const inputs = await this.checked(declared, {});
      this.entries.set(key, { name, token, inputs, ...(await client.create(inputs)) });
      return { op: "create", name, diff: [], replace: [] };
    }
    const comparison = await this.comparison(declared, entry);
    const { changed, diffs, replaces, deleteBeforeReplace } = await client.diff(comparison);
    if (!changed) return undefined;
    const { inputs } = comparison;
    if (replaces.length === 0) {
      this.entries.set(key, { ...entry, inputs, state: await client.update(comparison) });
      return { op: "update", name, diff: diffs, replace: [] };
    }
    if (!deleteBeforeReplace) throw new Error("a replacement beside the old one is not for these tests");
    await client.delete(entry.id, entry);
    this.entries.set(key, { name, token, inputs, ...(await client.create(inputs)) });
    return { op: "replace", name, diff: diffs, replace: replaces };
  }

  private async comparison(declared: Declared, { id, inputs: oldInputs, state }: Entry) {
    const ignoreChanges = declared.ignoreChanges ?? [];
    const inputs = await this.checked(declared, oldInputs);
    return { id, oldInputs, state, inputs, ignoreChanges };
  }

  private async checked(declared: Declared, oldInputs: PropertyMap): Promise<PropertyMap> {
    const { inputs, failures } = await this.client(declared).check(declared.inputs, oldInputs);
    if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join("; "));
    return inputs;
  }

  private client({ token, name }: Declared): ResourceClient {
    return this.provider.resource(token, name);
  }
}

/** The key of a resource in the state: `Role/app` of `postgresql:index/role:Role` and `app`. */
function keyOf({ token, name }: { readonly token: string; readonly name: string }): string {
  return `${token.split(":").at(-1) ?? ""}/${name}`;
}
