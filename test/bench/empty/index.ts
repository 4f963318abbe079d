import * as pulumi from "@pulumi/pulumi";

/** Uses the SDK, as every Pulumi program does: without that, not even the SDK would be loaded. */
export const stack = pulumi.getStack();
