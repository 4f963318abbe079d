import * as grpc from "@grpc/grpc-js";
import * as anypb from "google-protobuf/google/protobuf/any_pb";
import type * as structpb from "google-protobuf/google/protobuf/struct_pb";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import type { PropertyMap } from "./properties";
import { errorMessage } from "../core/error-message";

/**
 * The resource exists, but its operation did not come to its end: the engine keeps it in the state, so that the next
 * run goes on from there instead of making it twice.
 */
export class ResourceInitError extends Error {
  constructor(
    readonly id: string,
    readonly inputs: PropertyMap,
    readonly state: PropertyMap,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export function initFailure(
  error: ResourceInitError,
  toStruct: (map: PropertyMap) => structpb.Struct,
): Partial<grpc.ServiceError> {
  const detail = new ErrorResourceInitFailed();
  detail.setId(error.id);
  detail.setProperties(toStruct(error.state));
  detail.setInputs(toStruct(error.inputs));
  detail.setReasonsList([error.message]);
  const packed = new anypb.Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(error.message);
  status.setDetailsList([packed]);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return { code: grpc.status.UNKNOWN, details: error.message, metadata };
}

export function plainFailure(error: unknown): Partial<grpc.ServiceError> {
  const message = errorMessage(error);
  return { code: grpc.status.UNKNOWN, details: message };
}
