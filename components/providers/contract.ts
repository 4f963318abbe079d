import type { EngineLog } from "./engine-log";
import type { PropertyMap } from "./properties";

/** One problem of a property: shown by Pulumi under the resource, all of them at once. */
export interface CheckFailure {
  /** Path of the property, such as `port`; empty for the resource as a whole. */
  readonly property: string;
  /** What is wrong and what to do about it. */
  readonly reason: string;
}

export interface ResourceRequest {
  readonly urn: string;
  /** The resource's name in the program. */
  readonly name: string;
  /** Writes lines under the resource in the preview, the update and its JSON. */
  readonly log: EngineLog;
  /** Aborted when the run is cancelled (Ctrl-C); stop at the next safe point. */
  readonly signal: AbortSignal;
}

export interface CheckRequest extends ResourceRequest {
  readonly oldInputs: PropertyMap;
  readonly newInputs: PropertyMap;
}

export interface DiffRequest extends ResourceRequest {
  readonly id: string;
  readonly oldInputs: PropertyMap;
  /** The outputs in the state. */
  readonly state: PropertyMap;
  readonly inputs: PropertyMap;
  readonly ignoreChanges: readonly string[];
}

export type PropertyDifference =
  "add" | "delete" | "update" | "add-replace" | "delete-replace" | "update-replace";

export interface DiffResult {
  readonly changed: boolean;
  /** Difference of each property, by path; kinds that end in `-replace` make the resource anew. */
  readonly detailed?: Readonly<Record<string, PropertyDifference>>;
  readonly deleteBeforeReplace?: boolean;
  /** True where a path names an output (found on the server), not an input. */
  readonly ofOutputs?: readonly string[];
}

export interface CreateRequest extends ResourceRequest {
  readonly inputs: PropertyMap;
  readonly preview: boolean;
}

export interface UpdateRequest extends DiffRequest {
  readonly preview: boolean;
}

export interface ReadRequest extends ResourceRequest {
  readonly id: string;
  /** Empty for an import. */
  readonly inputs: PropertyMap;
  readonly state: PropertyMap;
}

export interface ReadResult {
  readonly id: string;
  readonly inputs: PropertyMap;
  readonly state: PropertyMap;
}

export interface DeleteRequest extends ResourceRequest {
  readonly id: string;
  readonly inputs: PropertyMap;
  readonly state: PropertyMap;
}

/** A resource type: what the engine asks of it. Values arrive with secrets wrapped and leave so (properties.ts). */
export interface ResourceType {
  check(request: CheckRequest): Promise<{ inputs: PropertyMap; failures: readonly CheckFailure[] }>;
  diff(request: DiffRequest): Promise<DiffResult>;
  create(request: CreateRequest): Promise<{ id: string; state: PropertyMap }>;
  /** Undefined: it is gone, so the state forgets it. */
  read(request: ReadRequest): Promise<ReadResult | undefined>;
  update(request: UpdateRequest): Promise<PropertyMap>;
  delete(request: DeleteRequest): Promise<void>;
}

export interface ProviderDefinition {
  readonly version: string;
  /** Resource types by token, such as `pgstead:index:Credential`. */
  readonly resources: Readonly<Record<string, ResourceType>>;
  /** Validates the provider's own configuration and fills its defaults. */
  checkConfig?(inputs: PropertyMap): { inputs: PropertyMap; failures: readonly CheckFailure[] };
  /** True where the provider's configuration changed so that its resources are to be made anew: none by default. */
  diffConfig?(oldInputs: PropertyMap, newInputs: PropertyMap): DiffResult;
  /** Receives the configuration before any resource is asked for. */
  configure?(config: PropertyMap): Promise<void> | void;
}
