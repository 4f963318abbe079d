/** A container's inputs or state, without secrets' wrappers and in the shape that `check` has proven. */
export interface ContainerValues {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[] | null;
  readonly entrypoints?: readonly string[] | null;
  readonly envs?: readonly string[] | null;
  readonly labels?: readonly LabelValues[] | null;
  readonly hostname?: string | null;
  readonly user?: string | null;
  readonly workingDir?: string | null;
  readonly groupAdds?: readonly string[] | null;
  readonly capabilities?: { readonly adds?: readonly string[]; readonly drops?: readonly string[] } | null;
  readonly securityOpts?: readonly string[] | null;
  readonly readOnly?: boolean | null;
  readonly tmpfs?: Readonly<Record<string, string>> | null;
  /** In MB, as memory. */
  readonly shmSize?: number | null;
  readonly ulimits?: readonly UlimitValues[] | null;
  readonly init?: boolean | null;
  readonly memory?: number | null;
  /** In MB, memory included; -1 is no limit. */
  readonly memorySwap?: number | null;
  readonly cpuShares?: number | null;
  readonly cpuSet?: string | null;
  readonly cpus?: string | null;
  readonly restart?: string | null;
  readonly maxRetryCount?: number | null;
  readonly stopSignal?: string | null;
  readonly stopTimeout?: number | null;
  readonly destroyGraceSeconds?: number | null;
  readonly logDriver?: string | null;
  readonly logOpts?: Readonly<Record<string, string>> | null;
  readonly networkMode?: string | null;
  readonly networksAdvanced?: readonly NetworkValues[] | null;
  readonly ports?: readonly PortValues[] | null;
  readonly volumes?: readonly VolumeValues[] | null;
  readonly uploads?: readonly UploadValues[] | null;
  readonly healthcheck?: HealthcheckValues | null;
  readonly start?: boolean | null;
  readonly mustRun?: boolean | null;
  readonly wait?: boolean | null;
  readonly waitTimeout?: number | null;
  readonly removeVolumes?: boolean | null;
  readonly containerReadRefreshTimeoutMilliseconds?: number | null;
}

interface LabelValues {
  readonly label: string;
  readonly value: string;
}

interface UlimitValues {
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

export interface NetworkValues {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly ipv4Address?: string;
}

export interface PortValues {
  readonly internal: number;
  readonly external?: number;
  readonly ip?: string;
  readonly protocol?: string;
}

export interface VolumeValues {
  readonly containerPath: string;
  readonly hostPath?: string;
  readonly volumeName?: string;
  readonly readOnly?: boolean;
}

export interface UploadValues {
  readonly file: string;
  readonly content?: string;
  readonly contentBase64?: string;
  readonly source?: string;
  readonly sourceHash?: string;
  readonly executable?: boolean;
  readonly permissions?: string;
}

interface HealthcheckValues {
  readonly tests: readonly string[];
  readonly interval?: string;
  readonly timeout?: string;
  readonly startPeriod?: string;
  readonly startInterval?: string;
  readonly retries?: number;
}
