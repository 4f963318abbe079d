import { isAbsolute, join } from "node:path";
import { z } from "zod";
import { stackLabel } from "../../../components/core/docker/host";
import type { DockerEndpoint } from "../../../components/io/docker/engine";
import { setting, type ToolchainContext } from "../context";
import type { Deployment, StateResource } from "../interrupted";

/** What a state says of containers and volumes on one engine. */
export interface DockerObjects {
  readonly endpoint: DockerEndpoint;
  readonly containers: readonly StateObject[];
  readonly volumes: readonly StateObject[];
  /** What a run was making when it was killed: it may be there, and is in no state. */
  readonly leftOvers: readonly LeftOver[];
}

/** Something that is in the way of the next run, which makes it under the same name. */
export interface LeftOver {
  readonly urn: string;
  readonly kind: "container" | "network";
  readonly name: string;
  /** Value of the label that everything of the stack has. */
  readonly stack: string;
}

export interface StateObject {
  readonly urn: string;
  /** The engine's: of a volume its name. */
  readonly id: string;
  readonly name: string;
}

/**
 * The containers of a state by the engine that they are on. Those whose engine the state does not tell in clear are left
 * out, and so are those that Pulumi itself has deleted and is about to make again. Pure.
 */
export function dockerObjects(
  deployment: Deployment | undefined,
  surroundings: Pick<ToolchainContext, "env" | "project">,
): readonly DockerObjects[] {
  const { resources = [], pending_operations: pending = [] } = deployment ?? {};
  const providers = resources.filter(({ type }) => type === "pulumi:providers:docker");
  return providers.flatMap((provider) => {
    const endpoint = endpointOf(provider, surroundings);
    const isOwn = (one: StateResource): boolean => one.provider === `${provider.urn}::${String(provider.id)}`;
    const own = resources.filter(isOwn);
    const containers = objectsOf(own, containerType);
    const made = new Set(own.flatMap(({ urn, pendingReplacement }) => (pendingReplacement ? [] : [urn])));
    const leftOvers = pending.flatMap(({ type, resource }) =>
      type === "creating" && isOwn(resource) && !made.has(resource.urn) ? leftOver(resource) : [],
    );
    if (endpoint === undefined || containers.length + leftOvers.length === 0) return [];
    return [{ endpoint, containers, volumes: objectsOf(own, "docker:index/volume:Volume"), leftOvers }];
  });
}

const containerType = "docker:index/container:Container";
const labelSchema = z.array(z.object({ label: z.string(), value: z.string() }));

/** Nothing for what has not the stack's label: the engine could not tell that it is the stack's. */
function leftOver({ urn, type, inputs = {} }: StateResource): LeftOver[] {
  const kinds: Readonly<Record<string, LeftOver["kind"]>> = {
    [containerType]: "container",
    "docker:index/network:Network": "network",
  };
  const kind = kinds[type];
  const labels = labelSchema.safeParse(inputs.labels);
  const stack = labels.data?.find(({ label }) => label === stackLabel)?.value;
  if (kind === undefined || stack === undefined || typeof inputs.name !== "string") return [];
  return [{ urn, kind, name: inputs.name, stack }];
}

function objectsOf(resources: readonly StateResource[], type: string): StateObject[] {
  return resources.flatMap((resource) => {
    const { urn, id, inputs = {}, pendingReplacement, external } = resource;
    if (resource.type !== type || pendingReplacement === true || external === true) return [];
    if (typeof id !== "string" || id === "") return [];
    return [{ urn, id, name: typeof inputs.name === "string" ? inputs.name : id.slice(0, 12) }];
  });
}

/** Settings of the provider that name an engine, or the way to it, in words that are not known here. */
const others = ["context", "caMaterial", "certMaterial", "keyMaterial"];

/** Of `main` in Pulumi.yaml: plugins start there, and paths in the state are relative to it. */
const programDirectory = "infra";

/** Undefined: the state does not tell in clear. */
function endpointOf(
  { inputs = {} }: StateResource,
  { env, project }: Pick<ToolchainContext, "env" | "project">,
): DockerEndpoint | undefined {
  const isGiven = (name: string): boolean => inputs[name] !== undefined && inputs[name] !== "";
  const context = setting(env, "DOCKER_CONTEXT") ?? "default";
  if (others.some(isGiven) || context !== "default") return undefined;
  const { host = setting(env, "DOCKER_HOST"), certPath } = inputs;
  if (isGiven("host") && typeof host !== "string") return undefined; // a secret
  if (isGiven("certPath") && typeof certPath !== "string") return undefined;
  return {
    ...(typeof host === "string" && host !== "" ? { host } : {}),
    ...(typeof certPath === "string" && certPath !== ""
      ? { certPath: isAbsolute(certPath) ? certPath : join(project, programDirectory, certPath) }
      : {}),
  };
}
