import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

export type Severity = "debug" | "info" | "warning" | "error";

export interface LogOptions {
  /** Progress: a terminal shows the last such line beside the resource, and nothing of it stays. */
  readonly ephemeral?: boolean;
}

/** Writes a message under a resource; settles when the engine has it, so that a crash later does not lose it. */
export type EngineLog = (severity: Severity, message: string, options?: LogOptions) => Promise<void>;

const severities: Readonly<Record<Severity, LogSeverity>> = {
  debug: LogSeverity.DEBUG,
  info: LogSeverity.INFO,
  warning: LogSeverity.WARNING,
  error: LogSeverity.ERROR,
};

/** The engine that started this provider, as far as messages go. Without an engine, messages are dropped. */
export function connectEngine(address: string | undefined): {
  logFor(urn: string): EngineLog;
  attach(address: string): void;
} {
  let client = address === undefined ? undefined : engineAt(address);
  return {
    attach(next) {
      client = engineAt(next);
    },
    logFor: (urn) => (severity, message, options) =>
      new Promise((resolve) => {
        if (client === undefined) {
          resolve();
          return;
        }
        const request = new LogRequest().setSeverity(severities[severity]).setMessage(message).setUrn(urn);
        request.setEphemeral(options?.ephemeral === true);
        // A message that the engine cannot take (it is ending) must not fail the operation that it describes.
        client.log(request, () => {
          resolve();
        });
      }),
  };
}

function engineAt(address: string): EngineClient {
  return new EngineClient(address, grpc.credentials.createInsecure());
}
