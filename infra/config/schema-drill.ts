import { z } from "zod";
import { usualCopyMaxAge, usualDrillSchedule } from "../../components/core/drill/plan";
import { map, text } from "./schema-words";

const assertion = z.preprocess(
  (written) => (typeof written === "string" ? { sql: written } : written),
  map(
    {
      sql: text("a query", {
        description:
          "One query that gives one row, whose first column is true. It reads, as a role that may read every table and execute every function, and ends after five minutes.",
        example: "SELECT count(*) > 0 FROM app.orders",
      }),
      database: text("the name of a database", {
        description: "The database that it is asked in.",
        example: "shop",
        defaultText: "the stack's only one",
      }).optional(),
    },
    {
      description: "What has to hold on a restored database: a query, or a map with sql and database.",
      example: "SELECT count(*) > 0 FROM app.orders",
    },
  ).meta({ allowed: "a query or a map" }),
);

/** `drill` of `pgstead:backup`. */
export const drill = map(
  {
    schedule: text("a schedule in cron's notation", {
      description:
        "When the newest backup of each kind is restored, in UTC. In containers `ops` does it, and on a host with `pgstead:server.onHost.jobs` its timers; elsewhere something of yours runs `npm run ops -- backup drill`, and `backup status` goes by this.",
      example: '"0 4 * * 0"',
    }).default(usualDrillSchedule),
    assertions: z
      .array(assertion)
      .meta({
        allowed: "a list",
        description:
          "Queries that have to hold on what was restored, each one row whose first column is true.",
        example: "[SELECT count(*) > 0 FROM app.orders]",
      })
      .default([]),
    copyMaxAge: text("a time such as 90d", {
      description:
        "How long ago the last `backup drill --copy` of each of `copies` may be. It takes a person with the key; one that is older, or never was, is a finding of `backup status`.",
      example: "180d",
    }).default(usualCopyMaxAge),
  },
  {
    description:
      "Restore drills: the newest backup of each kind is restored to a server that is thrown away, and compared with what it was taken from. The volume of the backups needs room for a restored server.",
    example: '{ assertions: ["SELECT count(*) > 0 FROM app.orders"] }',
    defaultText: "none are scheduled; `npm run ops -- backup drill` does one all the same",
  },
);
