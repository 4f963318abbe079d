import { spawn, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { projectRoot } from "../../components/io/places";
import * as grpc from "@grpc/grpc-js";
import * as emptypb from "google-protobuf/google/protobuf/empty_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as providerpb from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import type { CheckFailure } from "../../components/providers/contract";
import type { PropertyMap } from "../../components/providers/properties";
import { startEngine, type EngineMessage } from "./test-engine";

const { bundle } = createRequire(join(projectRoot(), "package.json"))("./infra/toolchain/bundle.cjs") as {
  bundle: (entry: string, options: { selfContained: boolean }) => string;
};

/** A provider's process, spoken to as the Pulumi engine does, with plain property maps. */
export interface ProviderClient {
  /** What the provider has told the engine so far. */
  readonly messages: readonly EngineMessage[];
  /** What the process has written to its error output so far. */
  errorOutput(): string;
  checkConfig(news: PropertyMap): Promise<Checked>;
  diffConfig(olds: PropertyMap, news: PropertyMap): Promise<Difference>;
  configure(config: PropertyMap): Promise<void>;
  cancel(): Promise<void>;
  /** A resource of a program: its type by token, and its name. */
  resource(token: string, name: string): ResourceClient;
  /** The process, for tests that kill it. */
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

export interface ResourceClient {
  readonly urn: string;
  check(news: PropertyMap, olds?: PropertyMap): Promise<Checked>;
  diff(request: UpdateValues): Promise<Difference>;
  create(inputs: PropertyMap, options?: { preview?: boolean }): Promise<{ id: string; state: PropertyMap }>;
  update(request: UpdateValues, options?: { preview?: boolean }): Promise<PropertyMap>;
  /** With nothing but an id it is an import; undefined: it is gone. */
  read(
    id: string,
    known?: { inputs: PropertyMap; state: PropertyMap },
  ): Promise<{ id: string; inputs: PropertyMap; state: PropertyMap } | undefined>;
  delete(id: string, known: { inputs: PropertyMap; state: PropertyMap }): Promise<void>;
}

export interface UpdateValues {
  readonly id: string;
  readonly state: PropertyMap;
  readonly oldInputs: PropertyMap;
  readonly inputs: PropertyMap;
  readonly ignoreChanges?: readonly string[];
}

export interface Checked {
  readonly inputs: PropertyMap;
  readonly failures: readonly CheckFailure[];
}

export interface Difference {
  readonly changed: boolean;
  readonly diffs: readonly string[];
  readonly replaces: readonly string[];
  readonly deleteBeforeReplace: boolean;
  /** Kind by path, such as `update` or `delete-replace`. */
  readonly detailed: Readonly<Record<string, string>>;
}

/** The resource exists, but its operation did not come to its end. */
export class InitFailure extends Error {
  constructor(
    readonly id: string,
    readonly state: PropertyMap,
    readonly reasons: readonly string[],
  ) {
    super(reasons.join("; "));
  }
}

export interface ProviderOptions {
  /** Entry point in TypeScript, from the project's root; it is bundled first. */
  readonly entry?: string;
  /** Or an executable and its arguments. */
  readonly command?: readonly [string, ...string[]];
  readonly env?: NodeJS.ProcessEnv;
}

export async function startProvider(options: ProviderOptions): Promise<ProviderClient> {
  const engine = await startEngine();
  const [executable, ...args] = options.command ?? [process.execPath, entryOf(options)];
  const child = spawn(executable, [...args, engine.address], {
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const errors: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => errors.push(text));
  const exited = new Promise<void>((resolve) =>
    child.once("exit", () => {
      resolve();
    }),
  );
  const port = await firstLine(child, () => errors.join(""));
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  return {
    messages: engine.messages,
    errorOutput: () => errors.join(""),
    process: child,
    ...configurationCalls(client),
    async cancel() {
      await call<emptypb.Empty>((done) => client.cancel(new emptypb.Empty(), done));
    },
    resource: (token, name) => resourceCalls(client, token, name),
    async stop() {
      client.close();
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await exited;
      engine.stop();
    },
  };
}

function configurationCalls(
  client: ResourceProviderClient,
): Pick<ProviderClient, "checkConfig" | "diffConfig" | "configure"> {
  const urn = "urn:pulumi:test::test::pulumi:providers:test::provider";
  return {
    async checkConfig(news) {
      const request = new providerpb.CheckRequest().setUrn(urn).setNews(toStruct(news));
      return checked(await call((done) => client.checkConfig(request, done)));
    },
    async diffConfig(olds, news) {
      const request = new providerpb.DiffRequest().setUrn(urn).setNews(toStruct(news));
      request.setOlds(toStruct(olds)).setOldInputs(toStruct(olds));
      return difference(await call((done) => client.diffConfig(request, done)));
    },
    async configure(config) {
      const request = new providerpb.ConfigureRequest().setArgs(toStruct(config));
      request.setAcceptsecrets(true).setSendsOldInputs(true).setSendsOldInputsToDelete(true);
      await call<providerpb.ConfigureResponse>((done) => client.configure(request, done));
    },
  };
}

function resourceCalls(client: ResourceProviderClient, token: string, name: string): ResourceClient {
  const urn = `urn:pulumi:test::test::${token}::${name}`;
  const compared = <Request extends providerpb.DiffRequest | providerpb.UpdateRequest>(
    request: Request,
    values: UpdateValues,
  ): Request => {
    request.setUrn(urn).setId(values.id).setOlds(toStruct(values.state)).setNews(toStruct(values.inputs));
    request.setOldInputs(toStruct(values.oldInputs)).setIgnorechangesList([...(values.ignoreChanges ?? [])]);
    return request;
  };
  return {
    urn,
    async check(news, olds = {}) {
      const request = new providerpb.CheckRequest()
        .setUrn(urn)
        .setOlds(toStruct(olds))
        .setNews(toStruct(news));
      return checked(await call((done) => client.check(request, done)));
    },
    async diff(values) {
      const request = compared(new providerpb.DiffRequest(), values);
      return difference(await call((done) => client.diff(request, done)));
    },
    async create(inputs, { preview = false } = {}) {
      const request = new providerpb.CreateRequest()
        .setUrn(urn)
        .setProperties(toStruct(inputs))
        .setPreview(preview);
      const response = await call<providerpb.CreateResponse>((done) => client.create(request, done));
      return { id: response.getId(), state: toMap(response.getProperties()) };
    },
    async update(values, { preview = false } = {}) {
      const request = compared(new providerpb.UpdateRequest(), values).setPreview(preview);
      const response = await call<providerpb.UpdateResponse>((done) => client.update(request, done));
      return toMap(response.getProperties());
    },
    async read(id, known) {
      const request = new providerpb.ReadRequest().setUrn(urn).setId(id);
      request.setInputs(toStruct(known?.inputs ?? {})).setProperties(toStruct(known?.state ?? {}));
      const response = await call<providerpb.ReadResponse>((done) => client.read(request, done));
      if (response.getId() === "") return undefined;
      const [inputs, state] = [toMap(response.getInputs()), toMap(response.getProperties())];
      return { id: response.getId(), inputs, state };
    },
    async delete(id, known) {
      const request = new providerpb.DeleteRequest().setUrn(urn).setId(id);
      request.setOldInputs(toStruct(known.inputs)).setProperties(toStruct(known.state));
      await call<emptypb.Empty>((done) => client.delete(request, done));
    },
  };
}

function checked(response: providerpb.CheckResponse): Checked {
  const failures = response
    .getFailuresList()
    .map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() }));
  return { inputs: toMap(response.getInputs()), failures };
}

function difference(response: providerpb.DiffResponse): Difference {
  const kinds = Object.entries(providerpb.PropertyDiff.Kind);
  const nameOf = (kind: number): string =>
    kinds
      .find(([, value]) => Number(value) === kind)?.[0]
      .toLowerCase()
      .replace("_", "-") ?? "";
  const entries = response.getDetaileddiffMap().toArray() as unknown as [string, unknown[]][];
  return {
    changed: response.getChanges() === providerpb.DiffResponse.DiffChanges.DIFF_SOME,
    diffs: [...response.getDiffsList()].sort(),
    replaces: [...response.getReplacesList()].sort(),
    deleteBeforeReplace: response.getDeletebeforereplace(),
    detailed: Object.fromEntries(
      entries.map(([path]) => [path, nameOf(response.getDetaileddiffMap().get(path)?.getKind() ?? -1)]),
    ),
  };
}

function call<Response>(
  send: (done: (error: grpc.ServiceError | null, response: Response) => void) => unknown,
) {
  return new Promise<Response>((resolve, reject) => {
    send((error, response) => {
      if (error === null) resolve(response);
      else reject(initFailureOf(error) ?? new Error(error.details, { cause: error }));
    });
  });
}

function initFailureOf(error: grpc.ServiceError): InitFailure | undefined {
  const [packed] = error.metadata.get("grpc-status-details-bin");
  if (!(packed instanceof Buffer)) return undefined;
  const [detail] = Status.deserializeBinary(packed).getDetailsList();
  if (detail?.getTypeName() !== "pulumirpc.ErrorResourceInitFailed") return undefined;
  const failed = providerpb.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
  return new InitFailure(failed.getId(), toMap(failed.getProperties()), failed.getReasonsList());
}

function entryOf({ entry }: ProviderOptions): string {
  if (entry === undefined) throw new Error("startProvider needs an entry or a command");
  return bundle(entry, { selfContained: true });
}

/** The port, which a provider prints first. */
function firstLine(child: ChildProcess, errors: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")).trim());
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      reject(new Error(`the provider ended with ${code ?? "a signal"} before it served: ${errors()}`));
    });
  });
}

function toStruct(map: PropertyMap): Struct {
  return Struct.fromJavaScript(JSON.parse(JSON.stringify(map)) as Record<string, JavaScriptValue>);
}

function toMap(struct: Struct | undefined): PropertyMap {
  return struct?.toJavaScript() ?? {};
}
