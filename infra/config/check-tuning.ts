import { bornLibraries } from "../../components/core/born-with";
import type { Problem } from "../../components/core/problem";
import { namesOf, newServerSettings, textOf } from "../../components/core/settings/catalog";
import { refuseSettings } from "../../components/core/settings/check";
import { knownSettings } from "../../components/core/settings/known";
import { foreignFault, type MadeServer } from "../../components/core/settings/owners";
import { parseMemory, parseSettingValue } from "../../components/core/settings/value";
import { parseTime } from "../../components/core/duration";
import { autoExplainLibrary, explainSlowStatements } from "../../components/core/tuning/auto-explain";
import { resolveTuning, type Tuning } from "../../components/core/tuning/tuning";
import type { Machine, TunedSetting } from "../../components/core/tuning/machine";
import type { Terms } from "../../components/core/tuning/budget";
import { at } from "./check-server";
import type { Draft } from "./draft";
import { resolveSettings } from "./resolve";
import { resolveThresholds } from "./resolve-thresholds";
import type { WrittenConfig } from "./schema";
import { renderValue } from "./shape";
import type { SettingsConfig, TuningConfig } from "./stack-config";

/**
 * The server's settings: the user's own, and what formulas give. Undefined: nothing is declared of them, and they are not
 * looked after.
 */
export function resolveTuningConfig(
  config: WrittenConfig,
  drafts: readonly Draft[],
): TuningConfig | undefined {
  const settings = ownSettings(config);
  const tuned = [...(tune(config, drafts)?.settings ?? []), ...autoExplained(config, settings)];
  if (config.target === "existing" && tuned.length === 0 && Object.keys(settings).length === 0) {
    return undefined;
  }
  return { settings, tuned };
}

/** What the types alone cannot tell about memory and settings. */
export function checkTuning(config: WrittenConfig, drafts: readonly Draft[]): Problem[] {
  const { memory, maxConnections } = config.server;
  const settings = ["server", "settings"];
  const isBoth = maxConnections !== undefined && settingNames(config).has("max_connections");
  return [
    ...checkExisting(config),
    ...(memory === undefined ? [] : at(["server", "memory"], memoryFault(memory))),
    ...(isBoth
      ? at([...settings, "max_connections"], {
          message: "stands beside pgstead:server.maxConnections",
          hint: "keep one of the two",
        })
      : []),
    ...checkAutoExplain(config),
    ...checkTwins(config),
    ...checkOwn(config),
    ...checkBudget(config, drafts),
  ];
}

const tuningKeys = ["cpus", "disk", "workload", "maxConnections"] as const;

function checkExisting({ target, server }: WrittenConfig): Problem[] {
  if (target !== "existing") return [];
  const given = tuningKeys.filter((key) => server[key] !== undefined);
  const hasAny = server.memory !== undefined || Object.keys(server.settings).length > 0 || given.length > 0;
  if (server.shared === true && hasAny) {
    const first = server.memory !== undefined ? "memory" : (given[0] ?? "settings");
    return at(["server", first], {
      message: "settings belong to the whole server, and this stack shares it",
      hint: "remove it, or declare it where shared is false",
    });
  }
  if (server.memory !== undefined) return [];
  return given
    .filter((key) => key !== "maxConnections")
    .flatMap((key) =>
      at(["server", key], {
        message: "says nothing without pgstead:server.memory, which nobody can read from afar",
        hint: "add the memory of the server's host, such as `memory: 8GB`",
      }),
    );
}

/** From 512MB on the formulas and their floors fit; 16TB is more than PostgreSQL's own limits take. */
const [leastMemory, greatestMemory] = [512 * 1024, 16 * 1024 ** 3];

function memoryFault(written: string) {
  const memory = parseMemory(written);
  if (memory === undefined) {
    return {
      message: `${renderValue(written)} is not a size`,
      hint: "write a number and kB, MB, GB or TB: `memory: 8GB`",
    };
  }
  if (memory >= leastMemory && memory <= greatestMemory) return undefined;
  return {
    message: `${written} is outside of 512MB to 16TB`,
    hint: "write the memory of the server's host or container",
  };
}

/** PostgreSQL does not tell capitals from small letters in these names. */
function checkTwins({ server }: WrittenConfig): Problem[] {
  const names = Object.keys(server.settings);
  return names
    .filter((name, index) => names.findIndex((other) => other.toLowerCase() === name.toLowerCase()) < index)
    .flatMap((name) =>
      at(["server", "settings", name], {
        message: "is there twice: capitals count for nothing",
        hint: "remove one of the two",
      }),
    );
}

/** Each setting, then those that do not go together; of an existing server, whose version nobody knows here, the preview tells. */
function checkOwn(config: WrittenConfig): Problem[] {
  const made = madeServer(config.target);
  const own = ownSettings(config);
  const pathOf = (name: string): string[] =>
    name === "max_connections" && config.server.maxConnections !== undefined
      ? ["server", "maxConnections"]
      : ["server", "settings", spelling(config, name)];
  if (made === undefined) {
    return Object.keys(own).flatMap((name) => at(pathOf(name), foreignFault(name, made)));
  }
  const catalog = newServerSettings(bornLibraries);
  const live = new Map(catalog.settings.map((row) => [row.name.toLowerCase(), row]));
  const declared = new Map(
    Object.entries(own)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => !ofBuild.has(name))
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  return refuseSettings({ catalog, declared, live, made }, () => true).flatMap(({ subject, message, hint }) =>
    at(pathOf(subject.replace(/^setting /, "")), { message, hint }),
  );
}

/** What these take depends on the platform and how the server was built: the server itself tells. */
const ofBuild: ReadonlySet<string> = new Set([
  "default_toast_compression",
  "dynamic_shared_memory_type",
  "effective_io_concurrency",
  "maintenance_io_concurrency",
  "shared_memory_type",
  "wal_compression",
  "wal_sync_method",
]);

function checkBudget(config: WrittenConfig, drafts: readonly Draft[]): Problem[] {
  const over = tune(config, drafts)?.overBudget;
  if (over === undefined) return [];
  const own = Object.keys(ownTerms(ownSettings(config))).join(", ");
  return at(["server"], {
    message: `your own settings take more memory than there is, at worst: ${over}`,
    hint: `lower what you set yourself (${own}), or remove it, which gives a value that fits`,
  });
}

/** Undefined: there is no memory to tune for. */
function tune(config: WrittenConfig, drafts: readonly Draft[]): Tuning | undefined {
  const embedded = config.target === "embedded";
  const made = madeServer(config.target) !== undefined;
  const { cpus, disk = "ssd", workload = embedded ? "desktop" : "mixed" } = config.server;
  const memory = parseMemory(config.server.memory ?? (embedded ? "1GB" : ""));
  if (memory === undefined || memoryFault(`${memory}kB`) !== undefined) return undefined;
  const machine: Machine = { memory, disk, workload, ...(cpus === undefined ? {} : { cpus }) };
  const own = ownSettings(config);
  const { shared_preload_libraries: libraries = made ? bornLibraries : declaredLibraries(drafts) } = own;
  return resolveTuning(machine, {
    own: ownTerms(own),
    ownNames: new Set(Object.keys(own).map((name) => name.toLowerCase())),
    libraries: namesOf(libraries),
    // In a container the image says how log files rotate: the ops container counts on it.
    logFiles: embedded,
    overTls: config.target === "docker",
  });
}

/** Where the extension is declared the server has to load its library. */
function declaredLibraries(drafts: readonly Draft[]): readonly string[] {
  const extensions = drafts.flatMap(({ config }) => config.extensions.map(({ name }) => name));
  return extensions.filter((name) => name === "pg_stat_statements");
}

function ownSettings(config: WrittenConfig): SettingsConfig {
  const { settings, maxConnections } = config.server;
  const own = {
    ...(maxConnections === undefined ? {} : { max_connections: String(maxConnections) }),
    ...resolveSettings(settings),
  };
  return { ...own, ...withPgaudit(config, own), ...withAutoExplain(config, own) };
}

/** Where the user has sessions load libraries of his own, ours is one more. */
function withAutoExplain({ server }: WrittenConfig, own: SettingsConfig): SettingsConfig {
  const libraries = own.session_preload_libraries;
  if (server.autoExplain === undefined || libraries === undefined) return {};
  const loaded = namesOf(libraries);
  const others = loaded.filter((name) => name !== autoExplainLibrary);
  return { session_preload_libraries: [...others, autoExplainLibrary] };
}

/** What the user says of a setting wins over what the word gives; of libraries both are loaded. */
function autoExplained({ server, ...config }: WrittenConfig, own: SettingsConfig): TunedSetting[] {
  const milliseconds = explainedTime({ server, ...config });
  if (milliseconds === undefined) return [];
  const names = new Set(Object.keys(own).map((name) => name.toLowerCase()));
  return explainSlowStatements(milliseconds).filter(({ name }) => !names.has(name));
}

function explainedTime({ server: { autoExplain }, ...config }: WrittenConfig): number | undefined {
  if (autoExplain === undefined) return undefined;
  return autoExplain === "slow" ? resolveThresholds(config).slowQuery * 1_000 : parseTime(autoExplain);
}

function checkAutoExplain(config: WrittenConfig): Problem[] {
  const written = config.server.autoExplain;
  if (written === undefined || (explainedTime(config) ?? 0) > 0) return [];
  return at(["server", "autoExplain"], {
    message: `${renderValue(written)} is no time`,
    hint: "write slow, or a whole number and ms, s, min or h, such as 500ms",
  });
}

/** What a server loads that was there before is not ours to add to: there the library is loaded, or its extension fails. */
function withPgaudit(config: WrittenConfig, own: SettingsConfig): SettingsConfig {
  const { audit, database, databases = {} } = config;
  const trails = [audit, database?.audit, ...Object.values(databases).map((one) => one.audit)];
  if (config.target !== "docker" || !trails.some((one) => (one?.pgaudit ?? []).length > 0)) return {};
  const loaded = namesOf(own.shared_preload_libraries ?? bornLibraries);
  return { shared_preload_libraries: [...loaded.filter((name) => name !== "pgaudit"), "pgaudit"] };
}

function settingNames({ server }: WrittenConfig): ReadonlySet<string> {
  return new Set(Object.keys(server.settings).map((name) => name.toLowerCase()));
}

function spelling({ server }: WrittenConfig, name: string): string {
  return Object.keys(server.settings).find((written) => written.toLowerCase() === name) ?? name;
}

const termNames: readonly (keyof Terms)[] = [
  "max_connections",
  "shared_buffers",
  "wal_buffers",
  "work_mem",
  "hash_mem_multiplier",
  "maintenance_work_mem",
  "autovacuum_max_workers",
  "autovacuum_work_mem",
];

/** The user's own values among those that the budget counts: sizes in kB. What cannot be read is told of elsewhere. */
function ownTerms(own: SettingsConfig): Partial<Terms> {
  const values = new Map(Object.entries(own).map(([name, value]) => [name.toLowerCase(), value]));
  const terms = termNames.flatMap((name): [keyof Terms, number][] => {
    const [type, written] = [knownSettings.get(name), values.get(name)];
    if (type === undefined || written === undefined) return [];
    const read = parseSettingValue(type, textOf(written));
    if ("fault" in read) return [];
    const number = Number(read.value);
    // -1 of wal_buffers is the server's choice, which is that of the formula.
    if (number < 0) return name === "wal_buffers" ? [] : [[name, number]];
    return [[name, type.unit === "8kB" ? number * 8 : number]];
  });
  return Object.fromEntries(terms);
}

/** What a server that is made here runs in; undefined: it is there already. */
function madeServer(target: WrittenConfig["target"]): MadeServer | undefined {
  return target === "embedded" || target === "docker" ? target : undefined;
}
