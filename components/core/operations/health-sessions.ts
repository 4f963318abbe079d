import { renderDuration } from "../duration";
import { resolveConnectionUse } from "./connection-use";
import { counted } from "../counted";
import { above, check, percentOf, type HealthCheck, type HealthThresholds } from "./health-check";
import type { HealthFacts, LimitFacts, SessionFacts } from "./health-facts";

/** What sessions do to the server and to each other. */
export function judgeSessions(facts: HealthFacts, thresholds: HealthThresholds): HealthCheck[] {
  if (!facts.seesSessions) return sessionChecks.map(unseen);
  return [
    judgeConnections(facts, thresholds),
    judgeLimits(facts.limits, thresholds),
    judgeTransactions(facts, thresholds),
    judgeIdle(facts.idleInTransaction, thresholds),
    judgeLockWaits(facts.lockWaits, thresholds),
  ];
}

const sessionChecks = [
  "connections",
  "connection_limits",
  "long_transactions",
  "idle_in_transaction",
  "lock_waits",
];

/** A login that sees only itself must not say that all is well. */
function unseen(name: string): HealthCheck {
  return check(name, {
    status: "warning",
    value: null,
    message: "cannot be told: this login does not see the sessions of others",
    hint: "grant it pg_monitor, or declare a role of `profile: monitor`",
  });
}

function judgeConnections({ connections }: HealthFacts, thresholds: HealthThresholds): HealthCheck {
  const { max, superuserReserved, reserved } = connections;
  const { connectionsWarning: warning, connectionsCritical: critical } = thresholds;
  const { percent: value, message } = resolveConnectionUse(connections);
  const kept = `of max_connections ${max}, ${superuserReserved + reserved} are reserved`;
  return check("connections", {
    status: above(value, warning, critical),
    value,
    unit: "%",
    warning,
    critical,
    message: `${message}; ${kept}`,
    hint: "`connections` shows whose they are, `terminate-idle` ends those that do nothing; a pool needs fewer",
  });
}

function judgeLimits(limits: readonly LimitFacts[], thresholds: HealthThresholds): HealthCheck {
  const { connectionsWarning: warning, connectionsCritical: critical } = thresholds;
  const [nearest] = limits.toSorted((a, b) => b.used / b.limit - a.used / a.limit);
  if (nearest === undefined) {
    return check("connection_limits", {
      status: "ok",
      value: null,
      message: "no role or database has a CONNECTION LIMIT",
    });
  }
  const value = percentOf(nearest.used, nearest.limit);
  return check("connection_limits", {
    status: above(value, warning, critical),
    value,
    unit: "%",
    warning,
    critical,
    message: `${nearest.kind} ${nearest.name} has ${nearest.used} of its ${nearest.limit} connections`,
    hint: "beyond it the server refuses its logins: raise its connectionLimit, or give its clients smaller pools",
  });
}

/** What idles in its transaction is told of once, by the check of that. */
function judgeTransactions(
  facts: HealthFacts,
  { transaction, idleInTransaction }: HealthThresholds,
): HealthCheck {
  const idle = new Set(
    facts.idleInTransaction.filter(({ ageSeconds }) => ageSeconds >= idleInTransaction).map(({ pid }) => pid),
  );
  const sessions = facts.transactions.filter(({ pid }) => !idle.has(pid));
  return judgeAges("long_transactions", sessions, transaction, {
    noun: "transaction",
    is: "open",
    hint: "it keeps dead rows and locks: `connections` shows it, `locks` whom it blocks and ends it (--terminate <pid>)",
  });
}

function judgeIdle(sessions: readonly SessionFacts[], { idleInTransaction }: HealthThresholds): HealthCheck {
  return judgeAges("idle_in_transaction", sessions, idleInTransaction, {
    noun: "session",
    is: "idle in transaction",
    hint: "its application forgot to commit: `terminate-idle --in-transaction` ends it; set idle_in_transaction_session_timeout",
  });
}

function judgeLockWaits(sessions: readonly SessionFacts[], { lockWait }: HealthThresholds): HealthCheck {
  return judgeAges("lock_waits", sessions, lockWait, {
    noun: "session",
    is: "waiting for a lock",
    hint: "`locks` shows who blocks whom",
  });
}

/** As many as a list holds: there may be more. */
const mostListed = 10;

function judgeAges(
  name: string,
  sessions: readonly SessionFacts[],
  bound: number,
  words: { readonly noun: string; readonly is: string; readonly hint: string },
): HealthCheck {
  const over = sessions.filter(({ ageSeconds }) => ageSeconds >= bound);
  const [worst] = sessions;
  const figures = { value: worst?.ageSeconds ?? 0, unit: "s", warning: bound } as const;
  if (worst === undefined || over.length === 0) {
    const longest = worst === undefined ? "" : `; the longest for ${renderDuration(worst.ageSeconds)}`;
    const message = `no ${words.noun} is ${words.is} for ${renderDuration(bound)}${longest}`;
    return check(name, { status: "ok", ...figures, message });
  }
  const many = `${sessions.length >= mostListed ? "at least " : ""}${counted(over.length, words.noun)}`;
  const message = `${many} ${words.is} for ${renderDuration(bound)} or longer; the longest is ${describe(worst)}`;
  return check(name, { status: "warning", ...figures, message, hint: words.hint });
}

function describe({ pid, user, database, application, ageSeconds }: SessionFacts): string {
  const what = application === "" ? "" : ` (${application})`;
  return `pid ${pid} of ${user} on ${database}${what}, ${renderDuration(ageSeconds)}`;
}
