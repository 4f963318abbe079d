import { renderMemory } from "../settings/value";

/** What the worst case of memory is made of, by the names of the settings: sizes in kB, the others as they are. */
export interface Terms {
  readonly max_connections: number;
  readonly shared_buffers: number;
  readonly wal_buffers: number;
  readonly work_mem: number;
  readonly hash_mem_multiplier: number;
  readonly maintenance_work_mem: number;
  readonly autovacuum_max_workers: number;
  /** −1: as maintenance_work_mem. */
  readonly autovacuum_work_mem: number;
}

export interface Fit {
  readonly terms: Terms;
  /** Why a value is lower than its formula's, by name. */
  readonly reasons: ReadonlyMap<keyof Terms, string>;
}

/** Memory of one session besides its work_mem, in kB: caches of the catalogue and of plans. */
const sessionMemory = 5 * 1024;
/** Least work_mem that a formula's value is lowered to, in kB. */
const leastWorkMem = 1024;
/** Connections that are always left: 3 are the superuser's. */
const leastConnections = 20;
/** Least autovacuum_work_mem that PostgreSQL up to 16 takes, in kB. */
const leastAutovacuumWorkMem = 1024;

/** 90% of the memory, in kB: the rest is the kernel's, and of what the worst case does not count. */
export function budgetOf(memory: number): number {
  return Math.floor(memory * 0.9);
}

/**
 * Memory that a server takes at worst, in kB: every session sorts or hashes once, and every autovacuum worker works.
 *
 * shared_buffers + wal_buffers + max_connections × (work_mem × hash_mem_multiplier + 5MB)
 * + autovacuum_max_workers × autovacuum_work_mem
 */
export function worstCase(terms: Terms): number {
  return Math.ceil(
    sharedPart(terms) +
      terms.max_connections * ofSession(terms) +
      terms.autovacuum_max_workers * ofWorker(terms),
  );
}

/** The arithmetic of the worst case, with what is allowed. */
export function renderWorstCase(terms: Terms, memory: number): string {
  const size = renderMemory;
  const parts = [
    `shared_buffers ${size(terms.shared_buffers)}`,
    `wal_buffers ${size(terms.wal_buffers)}`,
    `max_connections ${terms.max_connections} × (work_mem ${size(terms.work_mem)} × hash_mem_multiplier ${terms.hash_mem_multiplier} + 5MB)`,
    `autovacuum_max_workers ${terms.autovacuum_max_workers} × ${terms.autovacuum_work_mem < 0 ? "maintenance_work_mem" : "autovacuum_work_mem"} ${size(ofWorker(terms))}`,
  ];
  const budget = budgetOf(memory);
  return `${parts.join(" + ")} = ${megabytes(worstCase(terms))}, of ${megabytes(budget)} (90% of ${size(memory)})`;
}

/**
 * Lowers what is a formula's until the worst case is within 90% of the memory: work_mem down to 1MB, then
 * max_connections down to 20, then autovacuum_work_mem down to 1MB.
 *
 * @param own the user's own values, which stay; where they leave too little, the result is over the budget
 */
export function fitBudget(memory: number, wanted: Terms, own: Partial<Terms>): Fit {
  const budget = budgetOf(memory);
  const reasons = new Map<keyof Terms, string>();
  const why = `the worst case would take ${megabytes(worstCase(wanted))} of ${megabytes(budget)}, 90% of memory`;
  let terms = wanted;
  const lower = (name: keyof Terms, to: number): void => {
    const from = name === "autovacuum_work_mem" ? ofWorker(terms) : terms[name];
    if (own[name] !== undefined || worstCase(terms) <= budget || to >= from) return;
    const [before, now] = name === "max_connections" ? [from, to] : [renderMemory(from), renderMemory(to)];
    reasons.set(name, `lowered from ${before} to ${now}: ${why}`);
    terms = { ...terms, [name]: to };
  };
  lower("work_mem", Math.max(leastWorkMem, workMemWithin(budget, terms)));
  lower("max_connections", Math.max(leastConnections, connectionsWithin(budget, terms)));
  // An own maintenance_work_mem is not meant for autovacuum: that has a setting of its own.
  lower("autovacuum_work_mem", Math.max(leastAutovacuumWorkMem, workerWithin(budget, terms)));
  return { terms, reasons };
}

function workMemWithin(budget: number, terms: Terms): number {
  const left = budget - sharedPart(terms) - terms.autovacuum_max_workers * ofWorker(terms);
  return Math.floor((left / terms.max_connections - sessionMemory) / terms.hash_mem_multiplier);
}

function connectionsWithin(budget: number, terms: Terms): number {
  const left = budget - sharedPart(terms) - terms.autovacuum_max_workers * ofWorker(terms);
  return Math.floor(left / ofSession(terms));
}

function workerWithin(budget: number, terms: Terms): number {
  const left = budget - sharedPart(terms) - terms.max_connections * ofSession(terms);
  return Math.floor(left / terms.autovacuum_max_workers);
}

function sharedPart(terms: Terms): number {
  return terms.shared_buffers + terms.wal_buffers;
}

function ofSession({ work_mem, hash_mem_multiplier }: Terms): number {
  return work_mem * hash_mem_multiplier + sessionMemory;
}

function ofWorker({ autovacuum_work_mem, maintenance_work_mem }: Terms): number {
  return autovacuum_work_mem < 0 ? maintenance_work_mem : autovacuum_work_mem;
}

function megabytes(kilobytes: number): string {
  return `${Math.ceil(kilobytes / 1024)}MB`;
}
