import type { Terms } from "./budget";

/** Kind of the disk that holds the data: what a random read costs. */
export type Disk = "ssd" | "hdd" | "san" | "nvme";

/** What the server is for: many short requests, transactions, analysis, a developer's machine, or of everything some. */
export type Workload = "web" | "oltp" | "dw" | "desktop" | "mixed";

/** The host or the container that the server runs in; never the machine that runs Pulumi. */
export interface Machine {
  /** In kB; from 512MB on. */
  readonly memory: number;
  /** Cores; absent: fewer than 4, where PostgreSQL's own parallel settings stay. */
  readonly cpus?: number;
  readonly disk: Disk;
  readonly workload: Workload;
}

/** What the formulas have to know besides the machine. */
export interface TuningOptions {
  /** Values of the user's own among those that the budget counts: sizes in kB. They are never changed. */
  readonly own: Partial<Terms>;
  /** Names of all settings that the user gives. */
  readonly ownNames: ReadonlySet<string>;
  /** Libraries that the server loads when it starts (`shared_preload_libraries`). */
  readonly libraries: readonly string[];
  /** True where the server's log files are kept by PostgreSQL itself (`logging_collector`). */
  readonly logFiles: boolean;
  /** True where clients come over a network to a server that is made here. */
  readonly overTls?: boolean;
}

/** A value that a formula gives, with the formula and its working. */
export interface TunedSetting {
  readonly name: string;
  readonly value: string;
  readonly reason: string;
}
