import { cisDatabase, fail, manual, none, notApplicable, ofSetting, pass, type Control } from "./control";

const page = manual("runtime-config-logging.html");
const of = (id: string, title: string, cis?: string) => ({
  id: `logging.${id}`,
  area: "logging" as const,
  title,
  source: page,
  ...(cis === undefined ? {} : { cis: { number: cis, source: cisDatabase } }),
});

const on = (value: string): boolean => value === "on";
const off = (value: string): boolean => value === "off";

/** What has to be in the prefix of a log in text. */
const prefixParts = ["%m", "%p", "%l", "%d", "%u", "%a", "%h"];

/** Levels of `log_min_messages` that leave out no warning and no error. */
const tellsWarnings = /^(?:debug\d|info|notice|warning)$/;

export const loggingControls: readonly Control[] = [
  ofSetting(
    of("destination", "the log has a destination that programs can read", "3.1.2"),
    "log_destination",
    (value) => /^(?:(?:jsonlog|csvlog|stderr|syslog)(?:,\s*|$))+$/.test(value),
  ),
  {
    ...of("collector", "PostgreSQL collects its log in files, so that nothing is lost", "3.1.3"),
    mend: "set logging_collector to on in pgstead:server.settings; it takes a restart",
    judge: ({ settings }) => {
      const { logging_collector: value = "", log_destination: destination = "" } = settings;
      if (/syslog|eventlog/.test(destination)) return notApplicable(`log_destination = ${destination}`);
      return value === "on" ? pass("logging_collector = on") : fail(`logging_collector = ${value}`);
    },
  },
  ofSetting(
    of("filename", "a log file's name tells its time, or comes round", "3.1.5"),
    "log_filename",
    (value) => value.includes("%"),
  ),
  ofSetting(
    of("file-mode", "log files are not for everybody on the host", "3.1.6"),
    "log_file_mode",
    (value) => (Number.parseInt(value, 8) & 0o137) === 0,
  ),
  {
    ...of("truncation", "a file whose name comes round is overwritten", "3.1.7"),
    mend: "set log_truncate_on_rotation to on",
    judge: ({ settings }) => {
      const { log_truncate_on_rotation: value = "", log_filename: name = "" } = settings;
      // A name with year and time never comes again.
      if (/%Y.*%H/.test(name) || name.includes("%s")) return pass(`log_filename = ${name} is new each time`);
      return value === "on"
        ? pass("log_truncate_on_rotation = on")
        : fail(`log_truncate_on_rotation = ${value}`);
    },
  },
  ofSetting(
    of("rotation-age", "a log file holds a day at most", "3.1.8"),
    "log_rotation_age",
    (value) => Number(value) > 0 && Number(value) <= 1440,
  ),
  {
    ...of("retention", "log files are kept 14 days at least, and are removed by somebody"),
    mend: "set pgstead:server.logs.days to 14 or more",
    judge: ({ declared: { logDays } }) => {
      if (logDays === undefined) return notApplicable("the log files are not pgstead's to remove");
      return logDays >= 14 ? pass(`${logDays} days`) : fail(`${logDays} days`);
    },
  },
  ofSetting(of("level", "warnings and errors of the server are written"), "log_min_messages", (value) =>
    tellsWarnings.test(value),
  ),
  ofSetting(
    of("error-statements", "a statement that fails is written beside its error"),
    "log_min_error_statement",
    (value) => /^(?:debug\d|info|notice|warning|error)$/.test(value),
  ),
  {
    ...of("debug", "trees of statements are not written"),
    source: manual("runtime-config-logging.html#RUNTIME-CONFIG-LOGGING-WHAT"),
    mend: "remove debug_print_* from pgstead:server.settings",
    judge: ({ settings }) =>
      none(
        ["debug_print_parse", "debug_print_rewritten", "debug_print_plan"].filter(
          (name) => settings[name] === "on",
        ),
        "all debug_print_* are off",
      ),
  },
  // A list of stages from 18 on, as it was written: `off` may be `no` or `false` there, and `receipt` tells no login.
  ofSetting(of("connections", "logins are written"), "log_connections", (value) =>
    /^(?:on|true|yes|1|all)$|\b(?:all|authentication|authorization)\b/i.test(value),
  ),
  ofSetting(of("disconnections", "ends of sessions are written"), "log_disconnections", on),
  ofSetting(
    of("hostname", "no name is looked up for the log: that slows logins and can be forged"),
    "log_hostname",
    off,
  ),
  {
    ...of("code", "the code of an error is written"),
    mend: "set log_destination to jsonlog, or log_error_verbosity to verbose",
    judge: ({ settings }) => {
      const {
        log_destination: destination = "",
        log_error_verbosity: verbosity = "",
        log_line_prefix: prefix = "",
      } = settings;
      const isThere = /jsonlog|csvlog/.test(destination) || verbosity === "verbose" || prefix.includes("%e");
      const evidence = `log_destination = ${destination}, log_error_verbosity = ${verbosity}`;
      return isThere ? pass(evidence) : fail(evidence);
    },
  },
  ofSetting(
    of("prefix", "each line tells moment, process, line, database, user, application and client"),
    "log_line_prefix",
    (value) => prefixParts.every((part) => value.includes(part)),
  ),
  ofSetting(
    of("timezone", "moments in the log are of a zone that is the same everywhere"),
    "log_timezone",
    (value) => /^(?:Etc\/)?(?:UTC|GMT|Universal|Zulu|UCT)$/i.test(value),
  ),
  ofSetting(of("checkpoints", "checkpoints are written"), "log_checkpoints", on),
  ofSetting(of("lock-waits", "long waits for locks are written"), "log_lock_waits", on),
  ofSetting(
    of("slow", "slow statements are written"),
    "log_min_duration_statement",
    (value) => Number(value) >= 0,
  ),
  {
    ...of("parameters", "values of parameters are not written: they are data"),
    mend: "set log_parameter_max_length and log_parameter_max_length_on_error to 0",
    judge: ({ settings }) =>
      none(
        ["log_parameter_max_length", "log_parameter_max_length_on_error"].flatMap((name) =>
          settings[name] === "0" ? [] : [`${name} = ${settings[name] ?? "?"}`],
        ),
        "both lengths are 0",
      ),
  },
  {
    ...of("ddl", "changes of the schema are recorded, without passwords: by the trail or by pgaudit"),
    source: manual("ddl-priv.html"),
    mend: "declare pgstead:audit (its ddl is on by default), or pgaudit; log_statement = ddl writes passwords in clear",
    judge: ({ declared: { databases }, settings }) => {
      const bare = databases.filter(({ recordsDdl }) => !recordsDdl).map(({ name }) => name);
      if (bare.length === 0) return pass("every declared database has a trail, or pgaudit");
      return fail(`no trail of ${bare.join(", ")}, log_statement = ${settings.log_statement ?? "?"}`);
    },
  },
];
