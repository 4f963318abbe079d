import { backupFormats, usualBackups, usualBackupSchedule } from "../../components/core/backup/plan";
import { copies, encryption } from "./schema-copies";
import { backupFirst, gate } from "./schema-gate";
import { drill } from "./schema-drill";
import { physical } from "./schema-physical";
import { choice, flag, integer, map, text } from "./schema-words";

const { days, weekly, monthly } = usualBackups.keep;

const keep = map(
  {
    days: integer(1, 36_500, {
      description: "Every backup of so many days.",
      example: "30",
    }).default(days),
    weekly: integer(0, 1_000, {
      description: "The newest of each of so many weeks that have one.",
      example: "8",
    }).default(weekly),
    monthly: integer(0, 1_000, {
      description: "The newest of each of so many months that have one.",
      example: "12",
    }).default(monthly),
  },
  {
    description:
      "What stays: whatever one of the three wants. Nothing goes after a failed run, and the newest verified one never does.",
    example: "{ days: 30, weekly: 8, monthly: 12 }",
  },
);

const logical = map(
  {
    schedule: text("a schedule of cron with five fields", {
      description:
        "When backups of all databases are taken, in UTC. In containers `ops` takes them, and on a host with `pgstead:server.onHost.jobs` its timers; elsewhere something of yours runs `npm run ops -- backup`, and `backup status` goes by this.",
      example: '"0 2 * * *"',
    }).default(usualBackupSchedule),
    keep: keep.prefault({}),
    schemaOnly: flag({
      description: "Writes the schema without rows beside it.",
      example: "false",
    }).default(usualBackups.schemaOnly),
    format: choice(backupFormats, {
      description:
        "`directory`: of pg_dump, written in parallel, in zstd, for pg_restore; `plain`: SQL in gzip with names, checksums and a description for scripts.",
      example: "plain",
    }).default(usualBackups.format),
  },
  {
    description: "Logical backups: pg_dump, the roles of the server and exact counts, of one snapshot.",
    example: '{ schedule: "0 2 * * *" }',
    defaultText: "none are scheduled; `npm run ops -- backup` takes one all the same",
  },
);

export const backup = map(
  {
    directory: text("an absolute path", {
      description:
        "Where backups go, with what is known of them. Changing it leaves those where they are. In containers they are on a volume of their own; where `pgstead:server.onHost.jobs` runs jobs it is a directory of that host, by default below /var/lib/pgstead.",
      example: "/srv/backups/shop",
      defaultText: "`$PGSTEAD_DATA/backups/<project>-<stack>-<key of the checkout>`",
    }).optional(),
    logical: logical.optional(),
    physical: physical.optional(),
    copies,
    encryption,
    gate: gate.optional(),
    backupFirst,
    drill: drill.optional(),
  },
  { description: "Backups of the stack's databases.", example: '{ logical: { schedule: "0 2 * * *" } }' },
);
