import { hostJobs } from "./schema-host-jobs";
import { choice, map } from "./schema-words";

/** `onHost` of `pgstead:server`. */
export const onHost = map(
  {
    become: choice(["sudo", "none"], {
      description: "How the account of `ssh` does root's work: by sudo without a password, or because it is root.",
      example: "sudo",
      defaultText: "`none` where it is root, else `sudo`",
    }).optional(),
    ...hostJobs,
  },
  {
    description: "Target existing: what is done on the server's own host, which is that of `ssh`.",
    example: "{ jobs: auto }",
    defaultText: "none, the host is left alone",
  },
);

export type WrittenOnHost = NonNullable<ReturnType<typeof onHost.parse>>;
