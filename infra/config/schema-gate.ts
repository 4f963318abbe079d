import { flag, map, text } from "./schema-words";

const time = "a time such as 24h or 8d";

/** `gate` of `pgstead:backup`. */
export const gate = map(
  {
    maxAge: text(time, {
      description: "The greatest age of the backup that has what is lost.",
      example: "6h",
    }).default("24h"),
    drillMaxAge: text(time, {
      description:
        "The greatest time since a backup of its kind was restored by `backup drill`. A drill that failed counts in any case.",
      example: "8d",
      defaultText: "8d where drills are scheduled, else drills are not asked for",
    }).optional(),
  },
  {
    description:
      "What a backup has to be before migrations, or schemas and databases that left the configuration, lose data: this new, with good checksums at the last look, of a kind that came back whole. Where no backups are declared at all each loss needs its entry in `pgstead:allowDataLoss`.",
    example: "{ maxAge: 6h }",
    defaultText: "as its keys say where backups are declared, else none is asked for",
  },
);

/** `backupFirst` of `pgstead:backup`. */
export const backupFirst = flag({
  description:
    "Has `up` and `migrate upgrade` take and verify a backup before the first statement that loses data, and end before it where that fails.",
  example: "true",
}).default(false);
