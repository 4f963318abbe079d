import { ops, type AlertProofs, type Samples } from "./proof";

const day = 86_400;
const shop = `${ops}, database="shop"`;
const drill = `${ops}, kind="logical", database="shop"`;
const backup = (name: string): string => `pgstead_backup_${name}{${shop}}`;
const interval = (job: string): string => `pgstead_job_interval_seconds{${ops}, job_name="${job}"}`;
const repository = (number: string): string => `${ops}, repository="${number}"`;
const attempt = `pgstead_job_last_attempt_timestamp_seconds{${ops}, job_name="backup"}`;
const newest = backup("newest_timestamp_seconds");
const verified = backup("last_verified_timestamp_seconds");
const missing = { [shop]: "there is no good backup of shop (0 that are not)" };

const free = (bytes: number): Samples => ({
  [`pgstead_volume_free_bytes{${ops}, volume="repository"}`]: `${bytes}x30`,
  [`pgstead_volume_free_bytes{${ops}, volume="data"}`]: "1x30",
  [backup("newest_bytes")]: "1073741824x30",
});

export const backupProofs: AlertProofs = {
  BackupMissing: {
    severity: "critical",
    // The first run is over, and there is none.
    fires: { given: { [backup("count")]: "0x30", [attempt]: "_x9 540x20" }, at: "20m", told: missing },
    // A stack that was just made.
    quiet: { given: { [backup("count")]: "0x30" }, at: "20m" },
    also: [
      // Somebody removed them, and what was known of them.
      { given: { [backup("count")]: "3x9 0x20", [newest]: "0x9" }, at: "20m", told: missing },
      { given: { [backup("count")]: "3x30", [newest]: "0x30", [attempt]: "0x30" }, at: "20m" },
    ],
  },
  BackupsUnreadable: {
    severity: "critical",
    fires: {
      given: { [interval("backup")]: `${day}x30` },
      at: "16m",
      told: {
        [`${ops}, job_name="backup"`]:
          "backups are taken every 1d 0h 0m 0s, and the directory that keeps them cannot be read",
      },
    },
    quiet: { given: { [interval("backup")]: `${day}x30`, [backup("count")]: "0x30" }, at: "16m" },
  },
  BackupFailed: {
    severity: "warning",
    fires: {
      given: {
        [backup("last_attempt_timestamp_seconds")]: "300x30",
        [backup("exit_code")]: "0x5 1x20",
        [backup("duration_seconds")]: "9x30",
      },
      at: "10m",
      told: { [shop]: "the last backup of shop failed; it was begun 5m 0s ago" },
    },
    also: [
      // It was killed, and never ended.
      {
        given: {
          [backup("last_attempt_timestamp_seconds")]: "0x400",
          [backup("exit_code")]: "1x400",
        },
        at: "362m",
        told: { [shop]: "the last backup of shop failed; it was begun 6h 2m 0s ago" },
      },
      // It is under way.
      {
        given: {
          [backup("last_attempt_timestamp_seconds")]: "0x400",
          [backup("exit_code")]: "1x400",
        },
        at: "60m",
      },
    ],
    quiet: {
      given: {
        [backup("last_attempt_timestamp_seconds")]: "300x30",
        [backup("exit_code")]: "1x5 0x20",
      },
      at: "10m",
    },
  },
  BackupStale: {
    severity: "critical",
    step: "1h",
    fires: {
      given: { [newest]: "0x72", [interval("backup")]: `${day}x72` },
      at: "32h",
      told: {
        [shop]: "the newest good backup of shop is 1d 8h 0m 0s old, which is more than its schedule has it",
      },
    },
    quiet: { given: { [newest]: "0x72", [interval("backup")]: `${day}x72` }, at: "30h" },
  },
  BackupUnverified: {
    severity: "warning",
    step: "1h",
    fires: {
      given: { [newest]: "0+3600x300", [verified]: "0x300" },
      at: "200h",
      told: { [shop]: "no byte of the newest backup of shop has been read for 8d 8h 0m 0s" },
    },
    quiet: { given: { [newest]: "0x300", [verified]: "0x300" }, at: "192h" },
    also: [
      {
        given: { [newest]: "0x300" },
        at: "3h",
        told: { [shop]: "no byte of the newest backup of shop has been read for 3h 0m 0s" },
      },
      { given: { [newest]: "0x300" }, at: "1h" },
    ],
  },
  BackupShrunk: {
    severity: "warning",
    step: "1h",
    fires: {
      given: { [backup("newest_bytes")]: "1000x167 250x9" },
      at: "169h",
      told: { [shop]: "the newest backup of shop has 25% of the size of those of the last week" },
    },
    quiet: { given: { [backup("newest_bytes")]: "1000x167 600x9" }, at: "169h" },
  },
  BackupSpaceLow: {
    severity: "warning",
    fires: {
      given: free(1_610_612_736),
      at: "16m",
      told: {
        [`${ops}, volume="repository"`]:
          "1.5GiB are free where backups are kept: less than twice what the newest ones take",
      },
    },
    quiet: { given: free(2_147_483_648), at: "16m" },
  },
  PhysicalBackupMissing: {
    severity: "critical",
    step: "1h",
    fires: {
      given: { [`pgstead_physical_repository_readable{${repository("1")}}`]: "1x9" },
      at: "2h",
      told: {
        [repository("1")]: "repository 1 can be read (readable is 1), and has no good physical backup",
      },
    },
    quiet: {
      given: {
        [`pgstead_physical_repository_readable{${repository("1")}}`]: "1x9",
        [`pgstead_physical_backup_newest_timestamp_seconds{${repository("1")}}`]: "0x9",
      },
      at: "2h",
    },
  },
  PhysicalBackupStale: {
    severity: "critical",
    step: "1h",
    fires: {
      given: {
        [`pgstead_physical_backup_newest_timestamp_seconds{${repository("1")}}`]: "0x72",
        [interval("physical-full")]: `${7 * day}x72`,
        [interval("physical-incremental")]: `${day}x72`,
        [interval("physical-full-2")]: "3600x72",
      },
      at: "38h",
      told: {
        [repository("1")]:
          "the newest good physical backup in repository 1 is 1d 14h 0m 0s old, which is more than its schedule has it",
      },
    },
    quiet: {
      given: {
        [`pgstead_physical_backup_newest_timestamp_seconds{${repository("1")}}`]: "0x72",
        [`pgstead_physical_backup_newest_timestamp_seconds{${repository("2")}}`]: "0x72",
        [interval("physical-incremental")]: `${day}x72`,
        [interval("physical-incremental-2")]: `${7 * day}x72`,
      },
      at: "36h",
    },
  },
  RepositoryUnreadable: {
    severity: "critical",
    fires: {
      given: { [`pgstead_physical_repository_readable{${repository("2")}}`]: "1x3 0x30" },
      at: "20m",
      told: { [repository("2")]: "repository 2 of physical backups cannot be read (readable is 0)" },
    },
    quiet: {
      given: { [`pgstead_physical_repository_readable{${repository("2")}}`]: "1x3 0x9 1x30" },
      at: "20m",
    },
  },
  BackupDrillFailed: {
    severity: "critical",
    fires: {
      given: {
        [`pgstead_backup_drill_success{${drill}}`]: "1x4 0x20",
        [`pgstead_backup_drill_timestamp_seconds{${drill}}`]: "0x4 300x20",
      },
      at: "10m",
      told: {
        [drill]:
          "the last restore drill of logical backups shop failed, 5m 0s ago: what it restored is not what was backed up, or cannot be restored",
      },
    },
    quiet: {
      given: {
        [`pgstead_backup_drill_success{${drill}}`]: "0x4 1x20",
        [`pgstead_backup_drill_timestamp_seconds{${drill}}`]: "0x4 300x20",
      },
      at: "10m",
    },
  },
  BackupDrillStale: {
    severity: "warning",
    step: "1h",
    fires: {
      given: {
        [`pgstead_backup_drill_timestamp_seconds{${drill}}`]: "0x300",
        [interval("drill")]: `${7 * day}x300`,
      },
      at: "182h",
      told: {
        [drill]:
          "no logical backup shop has been restored in a drill for 7d 14h 0m 0s, which is longer than its schedule has it",
      },
    },
    quiet: {
      given: {
        [`pgstead_backup_drill_timestamp_seconds{${drill}}`]: "0x300",
        [interval("drill")]: `${7 * day}x300`,
      },
      at: "180h",
    },
  },
};
