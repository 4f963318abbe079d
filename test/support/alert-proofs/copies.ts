import { ops, type AlertProofs, type Samples } from "./proof";

const day = 86_400;
const of = `${ops}, database="shop", copy="offsite"`;
const copy = (name: string): string => `pgstead_backup_copy_${name}{${of}}`;
const maxAge: Samples = { [`pgstead_backup_copy_drill_max_age_seconds{${ops}}`]: `${2 * day}x100` };
const daily: Samples = { [`pgstead_job_interval_seconds{${ops}, job_name="backup"}`]: `${day}x100` };
const inRepository: Samples = {
  [`pgstead_backup_newest_timestamp_seconds{${ops}, database="shop"}`]: "0+3600x100",
};
const fresh = "0+3600x100";

/** Copies: in hours, as days are what they are judged by. */
export const copyProofs: AlertProofs = {
  BackupCopyFailed: {
    severity: "warning",
    step: "1h",
    fires: {
      given: { [copy("exit_code")]: "0x5 1x9" },
      at: "8h",
      told: {
        [`${ops}, copy="offsite"`]:
          "the last run that sent backups to copy offsite failed (it ended with 1): the next run sends what is missing",
      },
    },
    quiet: { given: { [copy("exit_code")]: "1x5 0x9" }, at: "6h" },
  },
  BackupCopyStale: {
    severity: "warning",
    step: "1h",
    fires: {
      given: { ...daily, [copy("newest_timestamp_seconds")]: "0x100" },
      at: "32h",
      told: {
        [of]: "the newest good backup of shop at copy offsite is 1d 8h 0m 0s old, which is more than its schedule has it",
      },
    },
    quiet: { given: { ...daily, [copy("newest_timestamp_seconds")]: "0x100" }, at: "30h" },
  },
  BackupCopyMissing: {
    severity: "critical",
    step: "1h",
    fires: {
      given: { ...inRepository, [copy("count")]: "1x100" },
      at: "2h",
      told: {
        [of]: "there is no good backup of shop at copy offsite (1 that are not), and there is one in the repository",
      },
    },
    // A stack that was just made has none in the repository either.
    quiet: { given: { [copy("count")]: "0x100" }, at: "2h" },
    also: [
      {
        given: { ...inRepository, [copy("count")]: "1x100", [copy("newest_timestamp_seconds")]: fresh },
        at: "2h",
      },
    ],
  },
  BackupCopyDrillFailed: {
    severity: "critical",
    step: "1h",
    fires: {
      given: { [copy("drill_success")]: "0x9", [copy("drill_timestamp_seconds")]: "0x9" },
      at: "1h",
      told: {
        [of]: "the last restore drill of the backups of shop at copy offsite failed, 1h 0m 0s ago: what it restored is not what was backed up, or cannot be restored",
      },
    },
    quiet: {
      given: { [copy("drill_success")]: "1x9", [copy("drill_timestamp_seconds")]: "0x9" },
      at: "1h",
    },
  },
  BackupCopyDrillStale: {
    severity: "warning",
    step: "1h",
    fires: {
      given: { ...maxAge, [copy("drill_timestamp_seconds")]: "0x100" },
      at: "50h",
      told: {
        [of]: "no backup of shop at copy offsite has been restored for 2d 2h 0m 0s, which is longer than copyMaxAge",
      },
    },
    quiet: { given: { ...maxAge, [copy("drill_timestamp_seconds")]: "0x100" }, at: "48h" },
  },
  BackupCopyNeverDrilled: {
    severity: "warning",
    step: "1h",
    fires: {
      given: { ...maxAge, [copy("newest_timestamp_seconds")]: "0x100" },
      at: "25h",
      told: {
        [of]: "nobody has restored a backup of shop at copy offsite yet, the newest of which is 1d 1h 0m 0s old",
      },
    },
    // No drills are declared.
    quiet: { given: { [copy("newest_timestamp_seconds")]: "0x100" }, at: "25h" },
    also: [
      {
        given: {
          ...maxAge,
          [copy("newest_timestamp_seconds")]: fresh,
          [copy("drill_timestamp_seconds")]: fresh,
        },
        at: "25h",
      },
    ],
  },
};
