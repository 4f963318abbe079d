import * as pulumi from "@pulumi/pulumi";
import type { LossGateArgs } from "./core/backup-gate/place";
import { projectDirectory } from "./project-directory";

/** A gate without what the program alone knows: its own place. */
export type LossGatePlan = Omit<LossGateArgs, "place" | "stack"> & {
  readonly place:
    | { readonly kind: "directory"; readonly directory?: string }
    | Extract<LossGateArgs["place"], { readonly kind: "container" }>;
};

/** Where this program's stack has its backups, and what they have to be before data is lost. */
export function lossGate({ place, ...gate }: LossGatePlan): LossGateArgs {
  const here = { checkout: projectDirectory(), project: pulumi.getProject() };
  return {
    ...gate,
    stack: pulumi.getStack(),
    place: place.kind === "directory" ? { ...place, ...here } : place,
  };
}
