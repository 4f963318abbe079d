import type { SchedulerWish } from "../../components/core/host/jobs/job-host";
import type { HostPlace } from "../../components/core/host/place";

/** What lies on the server's own host, and is installed there. */
export interface HostFilesConfig {
  /** Debian's packages, sorted; that of the exporter included. */
  readonly packages: readonly string[];
  /** Whether what the stack has installed goes with it. */
  readonly purge: boolean;
  /** Absent: the server's own certificate stays. */
  readonly certificate?:
    | { readonly file: string; readonly keyFile: string }
    | {
        readonly names: readonly string[];
        /** Days. */
        readonly validity: number;
        readonly renewBefore: number;
        /** File of an authority that the user has. */
        readonly ca?: string;
      };
  readonly exporter?: {
    /** `127.0.0.1:9187` */
    readonly listen: string;
    readonly database: string;
    readonly role: string;
    readonly statements: boolean;
  };
}

/** Jobs that the host of an existing server runs. */
export interface HostJobsConfig {
  readonly host: HostPlace;
  /** As `pg_lsclusters` has it; absent: the one that listens at the port. */
  readonly cluster?: string;
  readonly scheduler: Exclude<SchedulerWish, "none">;
  /** Packages that the stack installs there. */
  readonly packages: readonly string[];
}
