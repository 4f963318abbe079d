/** A limit of the kernel as Docker has it. */
export interface Ulimit {
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/** By the number that the kernel has for them. */
const names: readonly string[] = [
  ...["cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks"],
  ...["sigpending", "msgqueue", "nice", "rtprio", "rttime"],
];

/** Which limit an engine may not set, by its runtime's words (runc, crun); undefined: they are about something else. */
export function findRefusedLimit(said: string): string | undefined {
  const [, number] = /rlimit type (\d+): operation not permitted/.exec(said) ?? [];
  if (number !== undefined) return names[Number(number)] ?? `number ${number}`;
  return /setrlimit [`'"]?RLIMIT_(\w+)/.exec(said)?.[1]?.toLowerCase();
}

/** How a limit of the engine itself is raised. */
export function raiseHint(limit: string): string {
  return `raise the limit of the engine itself (systemctl edit docker: Limit${limit.toUpperCase()}=…)`;
}
