import * as pulumi from "@pulumi/pulumi";
import type { LossGateArgs } from "./core/backup-gate/place";
import { jobPlaces } from "./core/host/jobs/places";
import type { HostPlace } from "./core/host/place";
import { projectDirectory } from "./project-directory";

/** A gate without what the program alone knows: its own place. */
export type LossGatePlan = Omit<LossGateArgs, "place" | "stack"> & {
  readonly place:
    | { readonly kind: "directory"; readonly directory?: string }
    | { readonly kind: "host"; readonly host: HostPlace }
    | Extract<LossGateArgs["place"], { readonly kind: "container" }>;
};

/** Where this program's stack has its backups, and what they have to be before data is lost. */
export function lossGate({ place, ...gate }: LossGatePlan): LossGateArgs {
  return { ...gate, stack: pulumi.getStack(), place: whole(place) };
}

function whole(place: LossGatePlan["place"]): LossGateArgs["place"] {
  const project = pulumi.getProject();
  if (place.kind === "directory") return { ...place, checkout: projectDirectory(), project };
  if (place.kind === "container") return place;
  return { ...place, command: jobPlaces(project, pulumi.getStack()).command };
}
