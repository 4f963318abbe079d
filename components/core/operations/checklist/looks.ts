import type { ChecklistItem, ChecklistStack, ChecklistTask, LookName } from "./item";

/** An item that every stack has. */
function always(id: LookName, title: string): ChecklistItem {
  return { id, title, taskOn: () => ({ kind: "look", look: id }) };
}

const anyBackups = ({ backups }: ChecklistStack): boolean => backups.logical || backups.physical;

/** A stack without backups is as bad as its data is worth. */
function withoutBackups({ target, disposable }: ChecklistStack): ChecklistTask {
  if (disposable) return { kind: "not-declared", reason: "no backups: the stack is disposable" };
  if (target === "existing") {
    const text =
      "no backups are declared here: see with whoever runs the server that the newest one is there, and when it was last restored";
    return { kind: "person", text };
  }
  const hint = "declare some, such as `pgstead:backup: { logical: {} }`, and run `up`";
  const message = "none are declared, and the stack is not disposable";
  return { kind: "found", finding: { subject: "backups", message, hint, severity: "critical" } };
}

function ofBackups(id: LookName, title: string): ChecklistItem {
  return {
    id,
    title,
    taskOn: (stack) => (anyBackups(stack) ? { kind: "look", look: id } : withoutBackups(stack)),
  };
}

export const health = always("health", "the server is well");
export const space: ChecklistItem = {
  id: "space",
  title: "there is room on the volumes",
  // No query tells it, and the machine of a server that is there already is not looked at.
  taskOn: ({ target }) =>
    target === "existing"
      ? {
          kind: "person",
          text: "see on the server's host, or with whoever runs it, that its volumes have room",
        }
      : { kind: "look", look: "space" },
};
export const backups = ofBackups("backups", "there is a new, good backup of everything");
export const errors = always("errors", "the log of the last day tells of no trouble of the server");
export const slowQueries: ChecklistItem = {
  id: "slow-queries",
  title: "no statement that runs often is slow",
  taskOn: ({ statements }) =>
    statements
      ? { kind: "look", look: "slow-queries" }
      : { kind: "not-declared", reason: "no database declares extension pg_stat_statements" },
};
export const slowerQueries: ChecklistItem = {
  id: "slower-queries",
  title: "nothing got slower than in the week before",
  taskOn: ({ statements, samples }) =>
    statements && samples
      ? { kind: "look", look: "slower-queries" }
      : {
          kind: "not-declared",
          reason: "it takes extension pg_stat_statements and `pgstead:monitoring.samples: true`",
        },
};
export const bloat = always("bloat", "tables and indexes are not mostly empty");
export const restoreTest = ofBackups("restore-test", "a backup was restored this week");
export const drift = always("drift", "the server is as it is declared");
export const growth: ChecklistItem = {
  id: "growth",
  title: "the volume is not full soon, at the rate of the last month",
  taskOn: ({ samples }) =>
    samples
      ? { kind: "look", look: "growth" }
      : { kind: "not-declared", reason: "no samples are kept: `pgstead:monitoring.samples: true`" },
};
export const indexes = always("indexes", "every index is used and valid, and none is missing");
export const statistics = always("statistics", "the planner's statistics are of the rows that there are");
export const oldBackups: ChecklistItem = {
  id: "old-backups",
  title: "no backup stays longer than it is to be kept",
  taskOn: (stack) => {
    if (stack.backups.logical) return { kind: "look", look: "old-backups" };
    return stack.backups.physical
      ? {
          kind: "not-declared",
          reason: "physical backups go when the next one is taken, by pgBackRest itself",
        }
      : { kind: "not-declared", reason: "no backups" };
  },
};
export const passwords = always("passwords", "no password is older than it is to be");
export const security = always("security", "the server is hardened as far as can be seen");
export const migrations = always("migrations", "the history of migrations is whole");
export const lint = always("lint", "nothing that is pending loses, locks or breaks something unasked");
export const backupGate: ChecklistItem = {
  id: "backup-gate",
  title: "a backup counts, should the release lose data",
  taskOn: (stack) => (anyBackups(stack) ? { kind: "look", look: "backup-gate" } : withoutBackups(stack)),
};
export const plan = always("plan", "`up` can run, and nothing refuses it");
