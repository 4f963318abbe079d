import type { TunedSetting } from "./machine";

/**
 * What stands before each line of a log that is text, and what tells of the same line in JSON: moment, process, number
 * of the line, database, user, application and client.
 *
 * The form that checkers of the CIS benchmark look for (such as klouddb/klouddbshield, postgres/lma/lma.go), and that
 * pgBadger reads.
 */
export const logLinePrefix = "%m [%p]: [%l-1] db=%d,user=%u,app=%a,client=%h ";

/**
 * What a server writes to its log.
 *
 * No setting here writes the text of statements for its own sake: `log_statement = ddl` would have every
 * `ALTER ROLE … PASSWORD 'in clear'` in the log, whoever sends it (pgstead itself sends SCRAM verifiers only). Two ways
 * stay open, and PostgreSQL has no setting that closes them and keeps the log of use: a statement that fails is written
 * beside its error (`log_min_error_statement`), and one that takes long beside its time. Values that are bound as
 * parameters are in neither; `\password` of psql sends none in clear.
 */
export const loggingSettings: readonly TunedSetting[] = [
  { name: "log_min_duration_statement", value: "1s", reason: "slow statements are in the log" },
  { name: "log_checkpoints", value: "on", reason: "what a checkpoint wrote, and why it came" },
  { name: "log_connections", value: "on", reason: "who came in" },
  { name: "log_disconnections", value: "on", reason: "who went, and after how long" },
  { name: "log_lock_waits", value: "on", reason: "who waited for whom, longer than deadlock_timeout" },
  { name: "log_temp_files", value: "10MB", reason: "what a sort or a hash spilt to disk, from 10MB on" },
  {
    name: "log_autovacuum_min_duration",
    value: "1min",
    reason: "what autovacuum did, where it took a minute or more",
  },
  {
    name: "log_replication_commands",
    value: "on",
    reason: "who streams the write-ahead log, or takes a copy",
  },
  {
    name: "log_line_prefix",
    value: logLinePrefix,
    reason: "each line of a text tells when, who, from where and in which database",
  },
  {
    name: "log_timezone",
    value: "UTC",
    reason: "moments mean the same on every host, in summer and in winter",
  },
  {
    name: "log_statement",
    value: "none",
    reason:
      "ddl would write passwords of ALTER ROLE in clear; the trail and pgaudit record changes without them",
  },
  {
    name: "log_parameter_max_length",
    value: "0",
    reason: "values of parameters are not written: they are data",
  },
  {
    name: "log_parameter_max_length_on_error",
    value: "0",
    reason: "values of parameters are not written beside errors either",
  },
];

/**
 * Where PostgreSQL alone keeps its log files, as nobody else is there who could remove old ones: a file for each day of
 * the month, overwritten when its day comes again. So at least 28 days stay, which is more than the 14 that containers
 * keep, and never more than 31 files.
 */
export const logFileRing: readonly TunedSetting[] = [
  { name: "log_filename", value: "postgresql-%d.log", reason: "a file for each day of the month" },
  { name: "log_rotation_age", value: "1d", reason: "a new file each day" },
  { name: "log_rotation_size", value: "0", reason: "a new file by the day only" },
  { name: "log_truncate_on_rotation", value: "on", reason: "the file of a month ago is overwritten" },
];

/** Log files of a server that nobody but PostgreSQL looks after. */
export const logFileSettings: readonly TunedSetting[] = [
  { name: "log_destination", value: "jsonlog", reason: "each line whole, with its error code, for programs" },
  ...logFileRing,
];
