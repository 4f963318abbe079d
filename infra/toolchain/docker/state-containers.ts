import { isAbsolute, join } from "node:path";
import type { DockerEndpoint } from "../../../components/io/docker/engine";
import { setting, type ToolchainContext } from "../context";
import type { Deployment, StateResource } from "../interrupted";

/** What a state says of containers and volumes on one engine. */
export interface DockerObjects {
  readonly endpoint: DockerEndpoint;
  readonly containers: readonly StateObject[];
  readonly volumes: readonly StateObject[];
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
  const { resources = [] } = deployment ?? {};
  const providers = resources.filter(({ type }) => type === "pulumi:providers:docker");
  return providers.flatMap((provider) => {
    const endpoint = endpointOf(provider, surroundings);
    const own = resources.filter((one) => one.provider === `${provider.urn}::${String(provider.id)}`);
    const containers = objectsOf(own, "docker:index/container:Container");
    if (endpoint === undefined || containers.length === 0) return [];
    return [{ endpoint, containers, volumes: objectsOf(own, "docker:index/volume:Volume") }];
  });
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
      ? { certPath: isAbsolute(certPath) ? certPath : join(project, certPath) }
      : {}),
  };
}
