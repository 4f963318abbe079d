import type { ChecklistItem, ChecklistStack, ChecklistTask } from "./item";

/** What no program can do; `undefined`: there is nothing to do on such a stack. */
function person(
  id: string,
  title: string,
  say: (ops: (words: string) => string, stack: ChecklistStack) => string | { readonly reason: string },
): ChecklistItem {
  return {
    id,
    title,
    taskOn: (stack): ChecklistTask => {
      const said = say((words) => `\`npm run ops -- ${words} --stack ${stack.stack}\``, stack);
      return typeof said === "string"
        ? { kind: "person", text: said }
        : { kind: "not-declared", reason: said.reason };
    },
  };
}

export const readErrors = person(
  "read-errors",
  "errors of applications are known to who owns them",
  (ops) =>
    `read them: ${ops("logs --since 24h --errors")}; a failed statement is its application's and no finding here`,
);

export const alertsArrive = person("alerts-arrive", "alerts reach somebody", (_ops, { alerts }) =>
  alerts
    ? "see that the alert that always fires (Watchdog) arrived today where alerts go, and that nobody forgot a silence"
    : "this stack has no monitoring of its own: see that whoever runs this list is told when it ends with 1 or 3",
);

export const useRestored = person(
  "use-restored",
  "the application works on what was restored",
  (ops, { backups }) =>
    backups.logical
      ? `a drill compares rows, schema and rights; have somebody start the application on a backup: ${ops("restore --into <name>")}`
      : backups.physical
        ? `a drill compares what is there; have somebody start the application on it: ${ops('restore --to "<moment>"')}`
        : { reason: "no backups" },
);

export const readReleases = person(
  "read-releases",
  "PostgreSQL is a release that gets corrections",
  () =>
    "compare its version with https://www.postgresql.org/support/versioning/, read what newer minor releases mend, and plan the update",
);

export const whoHasAccess = person(
  "who-has-access",
  "who may log in still works here",
  (ops) =>
    `go through the logins of ${ops("status")} with whoever knows the people and applications; remove what nobody claims`,
);

export const oldRows = person(
  "old-rows",
  "old rows go where they belong",
  (ops) =>
    `ask what may go or has to: ${ops("archive --table <table> --before <day> --to <directory>")} writes it into files first`,
);

export const keyOfCopies = person(
  "key-of-copies",
  "somebody has the key of the copies",
  (ops, { backups }) =>
    backups.encryptedCopies
      ? `without it no copy can be read: have whoever keeps it restore one, ${ops("backup drill --copy <name> --identity <file>")}`
      : { reason: "no encrypted copies of backups" },
);

export const readMigrations = person(
  "read-migrations",
  "somebody else has read the release's migrations",
  (ops) =>
    `read them as they will run: ${ops("migrate sql")}; what they lock and how long, ${ops("migrate test --from-backup")} measures on real rows`,
);

export const tellUsers = person(
  "tell-users",
  "users know when, and what will not work meanwhile",
  () => "tell them the time, what is locked or restarted (the plan above says it), and whom to call",
);

export const wayBack = person(
  "way-back",
  "the way back is decided",
  (ops) =>
    `write down who decides and until when: ${ops("migrate downgrade <to>")} where down parts keep the rows, else a restore, which loses what is written after`,
);

export const drillSeen = person(
  "drill-seen",
  "somebody has seen the last restore drill",
  (ops, { backups }) =>
    backups.logical || backups.physical
      ? `read what it restored, and how long it took: ${ops("backup status")}`
      : { reason: "no backups" },
);
