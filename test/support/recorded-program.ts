import * as pulumi from "@pulumi/pulumi";
import type { MockMonitor } from "@pulumi/pulumi/runtime/mocks";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import { isSecret, type PropertyMap } from "../../components/providers/properties";

/** A resource as a program registers it with the engine. */
export interface Recorded {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  /** Type and name of the parent. */
  readonly parent: string;
  /** As the engine gets them: secrets wrapped. */
  readonly inputs: PropertyMap;
  readonly ignoreChanges: readonly string[];
  readonly protect: boolean;
  /** Type and name of the resource that it is deleted with. */
  readonly deletedWith: string;
  readonly dependencies: readonly string[];
  readonly secretOutputs: readonly string[];
  readonly provider: string;
}

/** What the provider would make of a resource. */
const outputs = {
  host: "127.0.0.1",
  port: 54320,
  systemIdentifier: "7400000000000000001",
  version: "17.10",
  dataDirectory: "/data",
  refusals: [],
};

const mocks: pulumi.runtime.Mocks = {
  newResource: ({ name, inputs, type }) => ({
    id: `${name}-id`,
    state: { ...(inputs as Record<string, unknown>), ...made(type, name) },
  }),
  call: ({ inputs }) => inputs as Record<string, unknown>,
};

/** Runs a program without an engine; gives what it registered and what it returns. */
export async function record<Result>(
  program: () => Result,
): Promise<{ resources: readonly Recorded[]; result: Result }> {
  await pulumi.runtime.setMocks(mocks, "shop", "dev");
  const resources: Recorded[] = [];
  // Mocks are told type, name and inputs only; the requests hold the options as well.
  const monitor = pulumi.runtime.getMonitor() as unknown as MockMonitor;
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, done) => {
    resources.push(recorded(request as RegisterResourceRequest));
    return register(request, done);
  };
  const result = program();
  await pulumi.runtime.disconnect(); // every registration has come to its end
  return { resources, result };
}

/** The value of an output, to be awaited: an expectation inside of `apply` would be seen by nobody. */
export function valueOf<Value>(output: pulumi.Output<Value>): Promise<Value> {
  return new Promise((resolve) => output.apply(resolve));
}

/** Paths of what is a secret in the inputs. */
export function secretPaths(value: unknown, path = ""): string[] {
  if (isSecret(value as PropertyMap)) return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    secretPaths(item, path === "" ? key : `${path}.${key}`),
  );
}

function made(type: string, name: string): Record<string, unknown> {
  if (type === "pgstead:index:Credential") {
    return { password: `password of ${name}`, verifier: `verifier of ${name}` };
  }
  if (type === "pgstead:index:HostLogin") {
    return { connection: { host: "db1", port: 22, user: "deploy", hostKey: "ssh-ed25519 A" }, refusals: [] };
  }
  if (type === "pgstead:index:HostFiles") return { revision: "1f.1", refusals: [] };
  if (type === "command:remote:Command") return { stdout: "", stderr: "" };
  return type.startsWith("pgstead:") ? outputs : {};
}

function recorded(request: RegisterResourceRequest): Recorded {
  const parent = nameOf(request.getParent());
  const [type, name] = [request.getType(), request.getName()];
  return {
    type,
    name,
    urn: `${type}::${name}`,
    parent,
    inputs: request.getObject()?.toJavaScript() ?? {},
    ignoreChanges: request.getIgnorechangesList(),
    protect: request.getProtect() === true,
    deletedWith: nameOf(request.getDeletedwith()),
    dependencies: request.getDependenciesList().map(nameOf),
    secretOutputs: request.getAdditionalsecretoutputsList(),
    provider: nameOf(request.getProvider().split("::").slice(0, 4).join("::")),
  };
}

/** `pg:index:Roles::shop` of `urn:pulumi:dev::shop::pg:index:Server$pg:index:Roles::shop`. */
function nameOf(urn: string): string {
  const [, , types = "", name = ""] = urn.split("::");
  return urn === "" ? "" : `${types.split("$").at(-1) ?? ""}::${name}`;
}
