import type { z } from "zod";
import { hostJobs } from "./schema-host-jobs";
import { hostFiles } from "./schema-host-files";
import { choice, map, text } from "./schema-words";

/** What a stack does on the host of a server that it reaches over SSH. */
export const onHost = map(
  {
    become: choice(["sudo", "none"], {
      description:
        "How the account of `ssh` does root's work there: `sudo` without a password, or `none` where it is root itself.",
      example: "sudo",
      defaultText: "`none` where `ssh.user` is root, else `sudo`",
    }).optional(),
    cluster: text("the name of a cluster", {
      description:
        "The server's cluster, as `pg_lsclusters` there has it; `17/data` with RPM packages. It is proven to be the server that sessions are on.",
      example: "17/main",
      defaultText: "the one that listens at `port`",
    }).optional(),
    ...hostJobs,
    ...hostFiles,
  },
  {
    description:
      "Target existing: the server's own host, which is the one of `ssh`, is managed as well: the server is restarted there where `restart` allows it, by systemd, or pg_ctlcluster where there is none. A restart that fails is undone.",
    example: "{ cluster: 17/main }",
    defaultText: "none: only SQL, and what waits for a restart is told",
  },
);

export type WrittenOnHost = z.output<typeof onHost>;
