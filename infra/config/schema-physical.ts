import { integer, map, text } from "./schema-words";

const schedule = "a schedule in cron's notation";

/** `physical` of `pgstead:backup`. */
export const physical = map(
  {
    full: text(schedule, {
      description: "When the ops container takes a full backup, in UTC. Older ones go after it succeeded.",
      example: '"0 1 * * 0"',
    }).default("0 1 * * 0"),
    incremental: text(schedule, {
      description: "When it takes what changed since the last backup, in UTC.",
      example: '"0 1 * * 1-6"',
    }).default("0 1 * * 1-6"),
    keepFull: integer(1, 999, {
      description:
        "Full backups that stay, each with what was built on it and the log since: the oldest moment that can be restored is the end of the oldest.",
      example: "4",
    }).default(2),
    archiveTimeout: text("a time such as 60s", {
      description:
        "The longest time that a change waits until its log is sent (`archive_timeout`): what is lost at the most with the server's disk. A change is a reload.",
      example: "60s",
    }).default("60s"),
  },
  {
    description:
      "Target docker: physical backups with pgBackRest, from which every moment can be restored. The first one is taken by `up`. Turning it on restarts the server once, for `archive_mode`, unless nobody uses it yet.",
    example: "{ keepFull: 4 }",
    defaultText: "none",
  },
);
