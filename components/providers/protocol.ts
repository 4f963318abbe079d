import * as grpc from "@grpc/grpc-js";
import * as emptypb from "google-protobuf/google/protobuf/empty_pb";
import * as structpb from "google-protobuf/google/protobuf/struct_pb";
import * as pluginpb from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as providerpb from "@pulumi/pulumi/proto/provider_pb";
import type {
  CheckFailure,
  DiffRequest,
  DiffResult,
  PropertyDifference,
  ProviderDefinition,
  ResourceRequest,
  ResourceType,
} from "./contract";
import { connectEngine } from "./engine-log";
import { initFailure, plainFailure, ResourceInitError } from "./failure";
import { hasSecret, type PropertyMap } from "./properties";

type Call<Request> = grpc.ServerUnaryCall<Request, unknown>;
type Handler<Request, Response> = (request: Request) => Promise<Response>;

/**
 * Serves a provider over Pulumi's protocol on a free loopback port and prints the port, as the engine expects.
 *
 * The engine's address is the process's first argument. Works with the engine's plain `Attach` as well.
 */
export async function serveProvider(definition: ProviderDefinition): Promise<void> {
  const server = new grpc.Server({
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  });
  endWhenIdle();
  server.addService(
    ResourceProviderService,
    implementation(definition) as unknown as grpc.UntypedServiceImplementation,
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  process.stdout.write(`${port}\n`);
}

function implementation(definition: ProviderDefinition): Record<string, unknown> {
  const cancelled = new AbortController();
  const engine = connectEngine(process.argv[2]);
  const base = (request: { getUrn(): string }): ResourceRequest => {
    const urn = request.getUrn();
    return { urn, name: nameOf(urn), log: engine.logFor(urn), signal: cancelled.signal };
  };
  return {
    ...lifecycle(definition, engine, cancelled),
    ...configuration(definition),
    ...resourceCalls(definition, base),
  };
}

function lifecycle(
  definition: ProviderDefinition,
  engine: ReturnType<typeof connectEngine>,
  cancelled: AbortController,
): Record<string, unknown> {
  return {
    getPluginInfo: unary(() => Promise.resolve(new pluginpb.PluginInfo().setVersion(definition.version))),
    getSchema: unary(() => Promise.resolve(new providerpb.GetSchemaResponse().setSchema("{}"))),
    attach: unary((request: pluginpb.PluginAttach) => {
      engine.attach(request.getAddress());
      return Promise.resolve(new emptypb.Empty());
    }),
    cancel: unary(() => {
      cancelled.abort(new Error("the run was cancelled"));
      return Promise.resolve(new emptypb.Empty());
    }),
  };
}

function configuration(definition: ProviderDefinition): Record<string, unknown> {
  return {
    checkConfig: unary((request: providerpb.CheckRequest) => {
      const news = toMap(request.getNews());
      const { inputs, failures } = definition.checkConfig?.(news) ?? { inputs: news, failures: [] };
      return Promise.resolve(checkResponse(inputs, failures, news));
    }),
    diffConfig: unary((request: providerpb.DiffRequest) => {
      const result = definition.diffConfig?.(toMap(request.getOldInputs()), toMap(request.getNews()));
      return Promise.resolve(diffResponse(result ?? { changed: false }));
    }),
    configure: unary(async (request: providerpb.ConfigureRequest) => {
      await definition.configure?.(toMap(request.getArgs()));
      return new providerpb.ConfigureResponse()
        .setAcceptsecrets(true)
        .setSupportspreview(true)
        .setAcceptoutputs(false)
        .setAcceptresources(false);
    }),
  };
}

function resourceCalls(
  definition: ProviderDefinition,
  base: (request: { getUrn(): string }) => ResourceRequest,
): Record<string, unknown> {
  const type = (request: { getUrn(): string }): ResourceType => typeOf(definition, request.getUrn());
  const difference = (request: providerpb.DiffRequest | providerpb.UpdateRequest): DiffRequest => ({
    ...base(request),
    id: request.getId(),
    oldInputs: toMap(request.getOldInputs()),
    state: toMap(request.getOlds()),
    inputs: toMap(request.getNews()),
    ignoreChanges: request.getIgnorechangesList(),
  });
  return {
    check: unary(async (request: providerpb.CheckRequest) => {
      const maps = { oldInputs: toMap(request.getOlds()), newInputs: toMap(request.getNews()) };
      const { inputs, failures } = await type(request).check({ ...base(request), ...maps });
      return checkResponse(inputs, failures, maps.newInputs);
    }),
    diff: unary(async (request: providerpb.DiffRequest) =>
      diffResponse(await type(request).diff(difference(request))),
    ),
    create: unary(async (request: providerpb.CreateRequest) => {
      const inputs = toMap(request.getProperties());
      const made = await type(request).create({ ...base(request), inputs, preview: request.getPreview() });
      return new providerpb.CreateResponse().setId(made.id).setProperties(toStruct(made.state));
    }),
    update: unary(async (request: providerpb.UpdateRequest) => {
      const state = await type(request).update({ ...difference(request), preview: request.getPreview() });
      return new providerpb.UpdateResponse().setProperties(toStruct(state));
    }),
    read: unary(async (request: providerpb.ReadRequest) => {
      const maps = { inputs: toMap(request.getInputs()), state: toMap(request.getProperties()) };
      const found = await type(request).read({ ...base(request), id: request.getId(), ...maps });
      const response = new providerpb.ReadResponse();
      if (found === undefined) return response;
      return response.setId(found.id).setInputs(toStruct(found.inputs)).setProperties(toStruct(found.state));
    }),
    delete: unary(async (request: providerpb.DeleteRequest) => {
      const maps = { inputs: toMap(request.getOldInputs()), state: toMap(request.getProperties()) };
      await type(request).delete({ ...base(request), id: request.getId(), ...maps });
      return new emptypb.Empty();
    }),
  };
}

let running = 0;
/** Set once the process is to end: ends it, when the last answer is on its way. */
let leave: (() => void) | undefined;

/**
 * The engine ends a provider with SIGINT, and with SIGKILL five seconds later: what is in progress comes to its end,
 * as a half-done operation would be recorded by nobody; then the process goes. An engine that died itself cannot say
 * so: the provider notices that it was handed to another parent.
 */
function endWhenIdle(): void {
  const parent = process.ppid;
  const end = (): void => {
    leave = () => {
      // An answer that is lost is an operation that nobody records: the answers go first. The engine keeps its
      // connection open, so a graceful shutdown of the server would wait for it in vain.
      setTimeout(() => process.exit(0), 50);
    };
    if (running === 0) leave();
  };
  process.on("SIGINT", end).on("SIGTERM", end);
  setInterval(() => {
    if (process.ppid !== parent) end();
  }, 1_000).unref();
}

function settled(): void {
  running -= 1;
  if (leave !== undefined && running === 0) setImmediate(leave);
}

function unary<Request, Response>(handler: Handler<Request, Response>) {
  return (call: Call<Request>, done: grpc.sendUnaryData<Response>): void => {
    running += 1;
    Promise.resolve()
      .then(() => handler(call.request))
      .finally(settled)
      .then(
        (response) => {
          done(null, response);
        },
        (error: unknown) => {
          done(error instanceof ResourceInitError ? initFailure(error, toStruct) : plainFailure(error), null);
        },
      );
  };
}

function typeOf(definition: ProviderDefinition, urn: string): ResourceType {
  // urn:pulumi:<stack>::<project>::<parent type>$<type>::<name>
  const token = urn.split("::")[2]?.split("$").at(-1) ?? "";
  const type = definition.resources[token];
  if (type !== undefined) return type;
  const known = Object.keys(definition.resources).join(", ");
  throw new Error(`the resource type ${token} is not supported by this provider; it has ${known}`);
}

function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

function checkResponse(
  inputs: PropertyMap,
  failures: readonly CheckFailure[],
  given: PropertyMap,
): providerpb.CheckResponse {
  const list = failures.map(({ property, reason }) => {
    // The engine prints the value of the property that it is told about, secrets included: then it is not told.
    if (hasSecret(given[topOf(property)]))
      return new providerpb.CheckFailure().setReason(`${property}: ${reason}`);
    return new providerpb.CheckFailure().setProperty(property).setReason(reason);
  });
  return new providerpb.CheckResponse().setInputs(toStruct(inputs)).setFailuresList(list);
}

/** The property that a path begins with. */
function topOf(path: string): string {
  return path.split(/[.[]/)[0] ?? path;
}

function diffResponse(result: DiffResult): providerpb.DiffResponse {
  const { DiffChanges } = providerpb.DiffResponse;
  const response = new providerpb.DiffResponse();
  response.setChanges(result.changed ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE);
  response.setDeletebeforereplace(result.deleteBeforeReplace ?? false);
  const entries = Object.entries(result.detailed ?? {});
  response.setDiffsList([...new Set(entries.map(([path]) => topOf(path)))]);
  response.setReplacesList([
    ...new Set(entries.filter(([, kind]) => kind.endsWith("-replace")).map(([path]) => topOf(path))),
  ]);
  response.setHasdetaileddiff(entries.length > 0);
  for (const [path, kind] of entries) {
    const difference = new providerpb.PropertyDiff().setKind(kinds[kind]);
    difference.setInputdiff(!(result.ofOutputs?.includes(path) ?? false));
    response.getDetaileddiffMap().set(path, difference);
  }
  return response;
}

const kinds: Readonly<Record<PropertyDifference, providerpb.PropertyDiff.Kind>> = {
  add: providerpb.PropertyDiff.Kind.ADD,
  "add-replace": providerpb.PropertyDiff.Kind.ADD_REPLACE,
  delete: providerpb.PropertyDiff.Kind.DELETE,
  "delete-replace": providerpb.PropertyDiff.Kind.DELETE_REPLACE,
  update: providerpb.PropertyDiff.Kind.UPDATE,
  "update-replace": providerpb.PropertyDiff.Kind.UPDATE_REPLACE,
};

function toMap(struct: structpb.Struct | undefined): PropertyMap {
  return struct?.toJavaScript() ?? {};
}

function toStruct(map: PropertyMap): structpb.Struct {
  const clean: unknown = JSON.parse(JSON.stringify(map));
  return structpb.Struct.fromJavaScript(clean as Record<string, structpb.JavaScriptValue>);
}
