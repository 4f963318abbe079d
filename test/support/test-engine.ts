import * as grpc from "@grpc/grpc-js";
import * as emptypb from "google-protobuf/google/protobuf/empty_pb";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogSeverity, type LogRequest } from "@pulumi/pulumi/proto/engine_pb";

/** A message of a provider, as `pulumi` would show it under the resource. */
export interface EngineMessage {
  readonly severity: string;
  readonly message: string;
  readonly urn: string;
  /** Progress, of which nothing stays. */
  readonly ephemeral: boolean;
}

/** The engine's side of a provider under test: it only takes messages. */
export interface TestEngine {
  readonly address: string;
  readonly messages: readonly EngineMessage[];
  stop(): void;
}

export async function startEngine(): Promise<TestEngine> {
  const messages: EngineMessage[] = [];
  const severities = new Map(Object.entries(LogSeverity).map(([name, value]) => [value, name.toLowerCase()]));
  const server = new grpc.Server();
  server.addService(EngineService, {
    log: ({ request }: { request: LogRequest }, done: grpc.sendUnaryData<emptypb.Empty>) => {
      const severity = severities.get(request.getSeverity()) ?? "";
      const [message, urn, ephemeral] = [request.getMessage(), request.getUrn(), request.getEphemeral()];
      messages.push({ severity, message, urn, ephemeral });
      done(null, new emptypb.Empty());
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  return {
    address: `127.0.0.1:${port}`,
    messages,
    stop: () => {
      server.forceShutdown();
    },
  };
}
