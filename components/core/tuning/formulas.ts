import { renderMemory } from "../settings/value";
import type { Terms } from "./budget";
import { logFileSettings, loggingSettings } from "./logging";
import type { Machine, TunedSetting, TuningOptions, Workload } from "./machine";

const mb = 1024;
const gb = 1024 * 1024;

/** Sessions that a kind of work has at once. */
const connections: Readonly<Record<Workload, number>> = {
  web: 200,
  oltp: 300,
  dw: 40,
  desktop: 20,
  mixed: 100,
};

/** `min_wal_size` and `max_wal_size` in kB: the more is written, the further apart the checkpoints. */
const walSizes: Readonly<Record<Workload, readonly [number, number]>> = {
  web: [gb, 4 * gb],
  oltp: [2 * gb, 8 * gb],
  dw: [4 * gb, 16 * gb],
  desktop: [100 * mb, 2 * gb],
  mixed: [gb, 4 * gb],
};

/** Reads that a disk does at once (`effective_io_concurrency` on Linux). */
const concurrentReads: Readonly<Record<Machine["disk"], number>> = { hdd: 2, ssd: 200, san: 300, nvme: 1000 };

/**
 * What the memory budget counts, before it is held against the machine.
 *
 * Source of all formulas here: PGTune, commit 421728c (`src/features/configuration/configurationSlice.js`), for Linux.
 * Numbers are kB, fractions are cut off; shared_buffers and wal_buffers are whole blocks of 8kB, so that the server has
 * the very number. Deviations: a desktop keeps `wal_level = replica` and its `max_wal_senders`, as point in time recovery
 * needs them; `io_method` stays PostgreSQL's own, as containers forbid io_uring and a server then does not start; values
 * that follow from one that the user gives follow from the user's.
 *
 * @param own the user's own values
 */
export function deriveTerms(machine: Machine, own: Partial<Terms>): Terms {
  const { memory, cpus = 0, workload } = machine;
  const max_connections = own.max_connections ?? connections[workload];
  const shared_buffers = own.shared_buffers ?? wholeBlocks(memory / (workload === "desktop" ? 16 : 4));
  const maintenance_work_mem =
    own.maintenance_work_mem ?? Math.min(Math.floor(memory / (workload === "dw" ? 8 : 16)), 8 * gb);
  return {
    max_connections,
    shared_buffers,
    maintenance_work_mem,
    wal_buffers: own.wal_buffers ?? walBuffers(shared_buffers),
    work_mem: own.work_mem ?? workMem(machine, max_connections, shared_buffers),
    // PostgreSQL's own values, since 15 and always: the budget counts them.
    hash_mem_multiplier: own.hash_mem_multiplier ?? 2,
    autovacuum_max_workers: own.autovacuum_max_workers ?? (cpus >= 32 ? 5 : cpus >= 16 ? 4 : 3),
    autovacuum_work_mem: own.autovacuum_work_mem ?? (maintenance_work_mem >= 2 * gb ? 2 * gb : -1),
  };
}

/** 3% of shared_buffers, at most 16MB, which is a segment of WAL; what comes near to that is that. */
function walBuffers(sharedBuffers: number): number {
  const share = Math.floor((3 * sharedBuffers) / 100);
  return share > 14 * mb ? 16 * mb : Math.max(32, wholeBlocks(share));
}

function workMem(machine: Machine, maxConnections: number, sharedBuffers: number): number {
  const base = (machine.memory - sharedBuffers) / ((maxConnections + workersOf(machine)) * 3);
  return Math.max(4 * mb, Math.floor(base / workMemDivisors[machine.workload]));
}

/** Work that has several sorts at once, or leaves memory to other programs, gets a part. */
const workMemDivisors: Readonly<Record<Workload, number>> = { web: 1, oltp: 1, dw: 2, mixed: 2, desktop: 6 };

/** `max_worker_processes`: PostgreSQL's own 8 for fewer than 4 cores. */
function workersOf({ cpus = 0 }: Machine): number {
  return cpus >= 4 ? cpus : 8;
}

function wholeBlocks(kilobytes: number): number {
  return Math.floor(kilobytes / 8) * 8;
}

interface Fitted extends TuningOptions {
  readonly terms: Terms;
  /** Why a term is lower than its formula. */
  readonly lowered: ReadonlyMap<keyof Terms, string>;
}

/** All settings, the budget's as they are after it. */
export function tuneMachine(machine: Machine, fitted: Fitted): TunedSetting[] {
  return [
    ...tuneMemory(machine, fitted),
    ...tuneDisk(machine),
    ...tuneCores(machine),
    ...tunePlanner(machine),
    ...(fitted.terms.max_connections < leastForReserved ? [] : [reservedForMonitoring]),
    ...vacuuming,
    ...loggingSettings,
    ...(fitted.libraries.includes("pg_stat_statements") ? statementStatistics : []),
    ...(fitted.logFiles ? logFileSettings : []),
    ...(fitted.overTls === true ? strongCiphers : []),
  ];
}

function tuneMemory(machine: Machine, { terms, lowered }: Fitted): TunedSetting[] {
  const { memory, workload } = machine;
  const [size, share] = [renderMemory(memory), workload === "desktop" ? 16 : 4];
  const cached = wholeBlocks(workload === "desktop" ? memory / 4 : (memory * 3) / 4);
  const term = (name: keyof Terms, value: string, formula: string): TunedSetting => {
    const less = lowered.get(name);
    return { name, value, reason: less === undefined ? formula : `${formula}; ${less}` };
  };
  const sizeTerm = (name: keyof Terms, formula: string): TunedSetting =>
    term(name, terms[name] < 0 ? String(terms[name]) : renderMemory(terms[name]), formula);
  const countTerm = (name: keyof Terms, formula: string): TunedSetting =>
    term(name, String(terms[name]), formula);
  const free = `(${size} - shared_buffers ${renderMemory(terms.shared_buffers)})`;
  const part = workMemDivisors[workload] === 1 ? "" : ` / ${workMemDivisors[workload]}`;
  return [
    countTerm("max_connections", `${connections[workload]} sessions for workload ${workload}`),
    sizeTerm("shared_buffers", `1/${share} of memory: ${size} / ${share}`),
    sizeTerm("wal_buffers", "3% of shared_buffers, at most 16MB"),
    sizeTerm(
      "work_mem",
      `${free} / ((max_connections + ${workersOf(machine)} workers) × 3)${part}, at least 4MB`,
    ),
    sizeTerm("maintenance_work_mem", `1/${workload === "dw" ? 8 : 16} of memory, at most 8GB`),
    sizeTerm("autovacuum_work_mem", "2GB where maintenance_work_mem is as much, else -1, which is the same"),
    countTerm("autovacuum_max_workers", "3, from 16 cores on 4, from 32 on 5"),
    countTerm("hash_mem_multiplier", "PostgreSQL's own value: the memory budget counts it"),
    {
      name: "effective_cache_size",
      value: renderMemory(cached),
      reason: workload === "desktop" ? `1/4 of memory: ${size} / 4` : `3/4 of memory: ${size} × 3 / 4`,
    },
    {
      name: "huge_pages",
      value: terms.shared_buffers >= 2 * gb ? "try" : "off",
      reason: "worth it from shared_buffers of 2GB on",
    },
  ];
}

function tuneDisk({ disk, workload }: Machine): TunedSetting[] {
  const [least, greatest] = walSizes[workload];
  const compressed = "less WAL to write, for little work: images of pages compress well";
  return [
    { name: "min_wal_size", value: renderMemory(least), reason: `for workload ${workload}` },
    { name: "max_wal_size", value: renderMemory(greatest), reason: `for workload ${workload}` },
    {
      name: "checkpoint_completion_target",
      value: "0.9",
      reason: "spreads the writes of a checkpoint over the time to the next",
    },
    {
      name: "random_page_cost",
      value: disk === "hdd" ? "4" : "1.1",
      reason:
        disk === "hdd"
          ? "a disk that has to seek"
          : `a random read of ${disk} costs as much as the next page`,
    },
    {
      name: "effective_io_concurrency",
      value: String(concurrentReads[disk]),
      reason: `reads that ${disk} does at once`,
    },
    { name: "wal_compression", value: "lz4", reason: compressed },
  ];
}

/** Fewer than 4 cores: PostgreSQL's own values stay. */
function tuneCores({ cpus = 0, workload }: Machine): TunedSetting[] {
  if (cpus < 4) return [];
  const half = Math.ceil(cpus / 2);
  const perGather = workload === "dw" ? half : Math.min(half, 4);
  const ioWorkers = Math.min(32, Math.floor(cpus / 4));
  const reason = `${cpus} cores`;
  return [
    { name: "max_worker_processes", value: String(cpus), reason },
    { name: "max_parallel_workers", value: String(cpus), reason },
    {
      name: "max_parallel_workers_per_gather",
      value: String(perGather),
      reason: `half of ${reason}${workload === "dw" ? "" : ", at most 4"}`,
    },
    {
      name: "max_parallel_maintenance_workers",
      value: String(Math.min(half, 4)),
      reason: `half of ${reason}, at most 4`,
    },
    // From PostgreSQL 18 on; a server that has no such setting does not get it.
    ...(ioWorkers > 3
      ? [{ name: "io_workers", value: String(ioWorkers), reason: `a quarter of ${reason}, at most 32` }]
      : []),
  ];
}

function tunePlanner({ workload }: Machine): TunedSetting[] {
  const short = workload === "web" || workload === "oltp" || workload === "mixed";
  return [
    {
      name: "default_statistics_target",
      value: workload === "dw" ? "500" : "100",
      reason: workload === "dw" ? "large tables deserve a better sample" : "PostgreSQL's own value",
    },
    ...(short
      ? [{ name: "jit", value: "off", reason: "compiling costs more than short statements take" }]
      : []),
  ];
}

/** With fewer connections than this, whoever chose so few needs them: 3 more are reserved for superusers. */
const leastForReserved = 10;

/** From PostgreSQL 16 on; a server that has no such setting does not get it. */
const reservedForMonitoring: TunedSetting = {
  name: "reserved_connections",
  value: "3",
  reason: "monitoring still gets in when all others are taken: for members of pg_use_reserved_connections",
};

const vacuuming: readonly TunedSetting[] = [
  {
    name: "autovacuum_vacuum_scale_factor",
    value: "0.1",
    reason: "a table is cleaned when a tenth of it is dead, not a fifth",
  },
  {
    name: "autovacuum_analyze_scale_factor",
    value: "0.05",
    reason: "statistics follow when a twentieth has changed",
  },
];

const statementStatistics: readonly TunedSetting[] = [
  { name: "pg_stat_statements.max", value: "10000", reason: "room for all statements of an application" },
  { name: "pg_stat_statements.track", value: "all", reason: "statements inside of functions count as well" },
];

/** TLS 1.3 has its own; PostgreSQL's value for 1.2 takes weaker ones as well. */
const strongCiphers: readonly TunedSetting[] = [
  { name: "ssl_ciphers", value: "HIGH:!aNULL:!eNULL:!3DES:!MD5", reason: "strong ciphers only, of TLS 1.2" },
];
