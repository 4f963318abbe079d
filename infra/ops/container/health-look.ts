import type { HealthCheck } from "../../../components/core/operations/health-check";
import type { HealthFacts } from "../../../components/core/operations/health-facts";
import type { Probe } from "../../../components/core/operations/probe";
import { judgeService, type ServiceHealth } from "../../../components/core/operations/service-health";
import type { Clock } from "./clock";
import { describeError } from "./log";
import { inTime, remember, type Remembered } from "./remembered";

/** How long a good probe is told again: so many requests are one look at the server. */
const goodFreshMs = 5_000;

/** A bad one is looked at again sooner: whoever waits for the server waits for its end. */
const badFreshMs = 2_000;

/** How long a bad one is told while the next is under way: whoever asks need not wait to hear it once more. */
const badStaleMs = 10_000;

/** The checks ask more of the server, and change slowly. */
const checksFreshMs = 30_000;

/** Of the checks, for the first request only: later ones are told what was found last. */
const checksPatienceMs = 1_500;

/** A look that takes longer is given up. */
const checksBoundMs = 15_000;

/** What was found, and when. */
export interface HealthState extends ServiceHealth {
  readonly probe: Probe;
  /** In milliseconds. */
  readonly probedAt: number;
  readonly checks: readonly HealthCheck[] | undefined;
  /** What the checks judged. */
  readonly facts: HealthFacts | undefined;
  readonly checkedAt: number | undefined;
  /** Why there are no checks. */
  readonly unchecked: string | undefined;
}

export interface HealthLook {
  /** Not older than five seconds where it is good; it comes within two seconds, whatever the server does. */
  state(): Promise<HealthState>;
  /** What was found last, without a look. */
  last(): Promise<HealthState | undefined>;
  /** Probes that were begun. */
  readonly probes: () => number;
  /** Comes when no probe is under way any more. */
  settled(): Promise<void>;
}

/** How it looks: the probe never throws, and ends within 1.5 s; the checks may throw. */
export interface HealthSources {
  readonly probe: () => Promise<Probe>;
  readonly check: () => Promise<ServerChecks>;
}

export interface ServerChecks {
  readonly facts: HealthFacts;
  readonly checks: readonly HealthCheck[];
}

interface Probed {
  readonly found: Probe;
  readonly at: number;
}

interface Checked extends Partial<ServerChecks> {
  readonly reason?: string;
}

/** Looks at the server when it is asked to, never twice at once, and remembers what it saw. */
export function lookAtHealth(clock: Clock, sources: HealthSources): HealthLook {
  let probes = 0;
  const probe = remember<Probed>(clock, freshness, async () => {
    probes++;
    const found = await sources.probe();
    return { found, at: clock.now() };
  });
  const checks = remember<Checked>(
    clock,
    () => checksFreshMs,
    () =>
      // A server that hangs in the middle of an answer must not end the looking for good.
      inTime(clock, checksBoundMs, sources.check()).then(
        (found) => found,
        (error: unknown) => ({ reason: describeError(error) }),
      ),
  );
  return {
    async state() {
      const checking = checks.read();
      const probing = currentProbe(probe, clock);
      if (checks.last() === undefined) await inTime(clock, checksPatienceMs, checking).catch(() => undefined);
      return describe(await probing, checks);
    },
    async last() {
      const known = probe.last();
      return known === undefined ? undefined : describe(await known.answer, checks);
    },
    probes: () => probes,
    settled: () => probe.settled(),
  };
}

function freshness(probed: Probed | undefined): number {
  return probed?.found.writable === true ? goodFreshMs : badFreshMs;
}

/** Never a good one that is too old; a bad one while the next is under way, for a while. */
async function currentProbe(probe: Remembered<Probed>, clock: Clock): Promise<Probed> {
  const next = probe.read();
  const last = await probe.last()?.answer;
  if (last === undefined || last.found.writable) return next;
  const age = clock.now() - last.at;
  return age >= 0 && age <= badStaleMs ? last : next;
}

async function describe({ found, at }: Probed, checks: Remembered<Checked>): Promise<HealthState> {
  const last = checks.last();
  const checked: Checked = last === undefined ? { reason: "not looked at yet" } : await last.answer;
  return {
    ...judgeService({ probe: found, checks: checked.checks }),
    probe: found,
    probedAt: at,
    checks: checked.checks,
    facts: checked.facts,
    checkedAt: last?.at,
    unchecked: checked.reason,
  };
}
