import { quoteIdentifier } from "../identifier";
import { renderSetting, type SettingValue } from "../server/role-settings";
import {
  autoFile,
  isAutoFile,
  isNameList,
  namesOf,
  sameValueOf,
  type ActualSetting,
  type SettingsCatalog,
} from "./catalog";
import { refuseSettings, settingFault, type BroughtFiles } from "./check";
import { knownExtensionSettings } from "./known";
import { isKeptByOthers, type MadeServer } from "./owners";
import { refuseForbidden } from "./forbidden";
import { foundText, isSecretive } from "./shown";
import { joinPlans, type Plan, type Refusal, type Statement, type Undeclared } from "../statement";

/** What is declared of a server's settings. */
export interface DesiredSettingsOfServer extends BroughtFiles {
  /** Values by name: the user's own, and the formulas'. */
  readonly settings: Readonly<Record<string, SettingValue>>;
  /** The formula of each value that is one, by name; the others are the user's own. */
  readonly reasons: Readonly<Record<string, string>>;
  /** Whether a run may restart the server. */
  readonly restart: "allow" | "refuse";
  /** Whether a run can: otherwise somebody else does, and what waits for it is told. */
  readonly canRestart: boolean;
  /** What a server that is made here runs in; absent: it was there already. */
  readonly made?: MadeServer | undefined;
  /**
   * The names that are this declaration's to set and to take out; every other one is left alone, unseen.
   *
   * @default - all but those that another part of pgstead, or another tool, keeps; of these it is told
   */
  readonly names?: readonly string[];
  /** Names that another resource of the stack keeps: they are not told either. */
  readonly keptBeside?: readonly string[];
}

/** The words of the steps that are no SQL. */
const restartWords = "restart the server";
const forgetWords = "forget the settings of the last start but one";
/** The statement that loads what was written. */
export const reloadStatement = "SELECT pg_catalog.pg_reload_conf()";

/** True for the step that restarts the server. */
export function isRestart({ step, sql }: Statement): boolean {
  return step === true && sql === restartWords;
}

/** True for the step that removes what a run had kept to put back, and was killed before it could remove. */
export function isForgetting({ step, sql }: Statement): boolean {
  return step === true && sql === forgetWords;
}

/**
 * What makes a server be set as declared, and nothing else in postgresql.auto.conf: one ALTER SYSTEM for each difference,
 * a reload, and a restart where a setting takes no less.
 */
export function planSettings(desired: DesiredSettingsOfServer, catalog: SettingsCatalog): Plan {
  const scene = setScene(desired, catalog);
  const differences = differencesOf(scene);
  const changes = differences.flatMap(({ statement }) => statement ?? []);
  const waiting = differences.filter(({ waits }) => waits !== undefined);
  const restarts = waiting.filter(({ waits }) => waits === "restart").map(({ name }) => name);
  const effective = {
    catalog,
    declared: scene.declared,
    live: scene.afterResets,
    made: desired.made,
  };
  const refusals = refuseSettings(effective, (name) => !scene.formulas.has(name), desired);
  const reload = changes.length > 0 || waiting.some(({ waits }) => waits === "reload");
  const isProven = catalog.hasProof && restarts.length === 0 && desired.canRestart;
  return joinPlans(
    {
      statements: [...changes, ...(reload ? [loads] : [])],
      refusals: [...refusals, ...refuseForbidden(scene.live, changes)],
    },
    planRestart(desired, catalog, restarts),
    { statements: isProven ? [forgets] : [], refusals: [] },
    { statements: [], refusals: [], undeclared: keptByOthers(scene, desired) },
  );
}

/** What of a server's settings is not as declared, setting by setting, and what is declared of those that the server has. */
export function compareSettings(
  desired: DesiredSettingsOfServer,
  catalog: SettingsCatalog,
): { readonly differences: readonly SettingChange[]; readonly declared: ReadonlyMap<string, SettingValue> } {
  const scene = setScene(desired, catalog);
  return { differences: differencesOf(scene), declared: scene.declared };
}

function differencesOf(scene: Scene): SettingChange[] {
  return [
    ...scene.leaving.flatMap((name) => planReset(scene, name)),
    ...[...scene.declared].flatMap(([name, value]) => planSet(scene, name, value)),
  ];
}

interface Scene {
  readonly catalog: SettingsCatalog;
  readonly reasons: Readonly<Record<string, string>>;
  /** Rows of pg_settings by name in small letters. */
  readonly live: ReadonlyMap<string, ActualSetting>;
  /** The same as they will be once what nobody declared is gone. */
  readonly afterResets: ReadonlyMap<string, ActualSetting>;
  readonly declared: ReadonlyMap<string, SettingValue>;
  readonly formulas: ReadonlySet<string>;
  /** Value of postgresql.auto.conf by name. */
  readonly auto: ReadonlyMap<string, string>;
  /** Value of the other configuration files by name. */
  readonly below: ReadonlyMap<string, string>;
  /** Names that are, or were just before a reload, in postgresql.auto.conf and are not declared. */
  readonly leaving: readonly string[];
}

function setScene(desired: DesiredSettingsOfServer, catalog: SettingsCatalog): Scene {
  const live = new Map(catalog.settings.map((row) => [row.name.toLowerCase(), row]));
  const entries = (isAuto: boolean): Map<string, string> =>
    new Map(
      catalog.entries
        .filter(({ file }) => isAutoFile(file) === isAuto)
        .map(({ name, value }) => [name.toLowerCase(), value]),
    );
  const [auto, below] = [entries(true), entries(false)];
  const formulas = new Set(Object.keys(desired.reasons).map((name) => name.toLowerCase()));
  const written = Object.entries(desired.settings).map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  );
  const libraries = librariesOf(desired.settings, live);
  const declared = new Map(
    written
      .filter(([name, value]) => !formulas.has(name) || isTaken(name, value, live, libraries))
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  const stale = catalog.settings.filter(({ file }) => file !== undefined && isAutoFile(file));
  const present = new Set([...auto.keys(), ...stale.map(({ name }) => name.toLowerCase())]);
  const isOwn = (name: string): boolean => desired.names?.includes(name) ?? !isKeptByOthers(name);
  const leaving = [...present].filter((name) => !declared.has(name) && isOwn(name)).toSorted();
  const afterResets = new Map(live);
  for (const name of leaving) {
    const row = live.get(name);
    if (row !== undefined) afterResets.set(name, { ...row, setting: below.get(name) ?? row.boot });
  }
  return { catalog, reasons: desired.reasons, live, afterResets, declared, formulas, auto, below, leaving };
}

/** A formula's value that this server's version or build has not, or that is outranked, is left out; a user's is refused. */
function isTaken(
  name: string,
  value: SettingValue,
  live: ReadonlyMap<string, ActualSetting>,
  libraries: readonly string[],
): boolean {
  const row = live.get(name);
  if (row?.source === "command line" || row?.source === "environment variable") return false;
  const [library = ""] = name.split(".");
  const type = row ?? (libraries.includes(library) ? knownExtensionSettings.get(name) : undefined);
  return type !== undefined && settingFault(name, value, () => type, []) === undefined;
}

/** What the server loads when it starts next, and each session when it logs in. */
function librariesOf(
  settings: Readonly<Record<string, SettingValue>>,
  live: ReadonlyMap<string, ActualSetting>,
): readonly string[] {
  const names = ["shared_preload_libraries", "session_preload_libraries"];
  return names.flatMap((name) => namesOf(settings[name] ?? live.get(name)?.setting ?? ""));
}

export interface SettingChange {
  /** In small letters. */
  readonly name: string;
  readonly statement?: Statement;
  /** What it takes until the server goes by it, beyond the statement. */
  readonly waits?: "reload" | "restart";
}

function planSet(scene: Scene, name: string, value: SettingValue): SettingChange[] {
  const { live, auto, catalog } = scene;
  const row = live.get(name);
  const type = row ?? knownExtensionSettings.get(name);
  const entry = auto.get(name);
  if (entry !== undefined && sameValueOf(type, name, entry, value)) {
    const waits = waitsFor(row, value, catalog.isUnloaded);
    return waits === undefined ? [] : [{ name, waits }];
  }
  const spelt = type?.name ?? name;
  const found = foundText(name, row, entry);
  const reason = `${scene.reasons[spelt] ?? scene.reasons[name] ?? "declared"}${found}`;
  const statement = alter(`SET ${quoteIdentifier(spelt)} = ${renderSetting(spelt, value)}`, reason);
  const restart = row?.context === "postmaster" && !sameValueOf(row, name, row.setting, value);
  return [{ name, statement, ...(restart ? { waits: "restart" } : {}) }];
}

function planReset(scene: Scene, name: string): SettingChange[] {
  const { live, auto, below } = scene;
  const row = live.get(name);
  const entry = auto.get(name);
  const differs = row !== undefined && !sameValueOf(row, name, row.setting, below.get(name) ?? row.boot);
  const needs = row?.context === "postmaster" ? "restart" : "reload";
  const waits = differs ? ({ waits: needs } as const) : {};
  if (entry === undefined) {
    // The file is right already, and what the server has still comes from it: a run ended before the reload.
    const isStale = differs && (isComparable(row) || row.pendingRestart || scene.catalog.isUnloaded);
    return isStale ? [{ name, ...waits }] : [];
  }
  const what = isSecretive(name) ? "a value" : entry;
  const reason = `nobody declared it: ${autoFile} has ${what}`;
  return [{ name, statement: alter(`RESET ${quoteIdentifier(row?.name ?? name)}`, reason), ...waits }];
}

/** What a value that is in the file already still takes; undefined: the server goes by it. */
function waitsFor(
  row: ActualSetting | undefined,
  value: SettingValue,
  isUnloaded: boolean,
): SettingChange["waits"] | undefined {
  if (row === undefined) return isUnloaded ? "reload" : undefined;
  const needs = row.context === "postmaster" ? "restart" : "reload";
  const differs = !sameValueOf(row, row.name, row.setting, value);
  if (row.pendingRestart && differs) return "restart";
  // What the server makes of a value by itself, such as wal_buffers of -1, is not what was written.
  if (!isComparable(row)) return isUnloaded && row.source !== "override" ? "reload" : undefined;
  return differs ? needs : undefined;
}

/** Whether the live value says what the files say: a session may have its own, and texts are shown in another form. */
function isComparable({ name, source, vartype }: ActualSetting): boolean {
  const ofFile = source === "configuration file" || source === "default";
  return ofFile && (vartype !== "string" || isNameList(name));
}

const loads: Statement = {
  sql: reloadStatement,
  reason: "the server reads what was written",
  risk: "none",
  kind: "setting",
  transactional: false,
};

/** A later start would put them back. */
const forgets: Statement = {
  sql: forgetWords,
  reason: "the server runs with the present ones; a run was killed before it could",
  risk: "none",
  kind: "server",
  step: true,
  transactional: false,
};

function planRestart(
  { restart, canRestart, made }: DesiredSettingsOfServer,
  { isUnused }: SettingsCatalog,
  names: readonly string[],
): Plan {
  if (names.length === 0) return { statements: [], refusals: [] };
  const list = names.join(", ");
  const allowed = restart === "allow" || (isUnused && (made !== undefined || !canRestart));
  const refusal: Refusal = {
    subject: "restart of the server",
    message: `${list} ${names.length === 1 ? "changes" : "change"} only with a restart, which ends all sessions`,
    hint: "allow it with pgstead:server.restart: allow, or take the change back",
  };
  const waits: Undeclared = {
    kind: "setting",
    subject: "restart of the server",
    message: `${list} ${names.length === 1 ? "waits" : "wait"} for a restart, which this target leaves to you`,
  };
  const step: Statement = {
    sql: restartWords,
    reason: `${list} ${names.length === 1 ? "changes" : "change"} only with it; all sessions are ended`,
    risk: "restart",
    kind: "server",
    step: true,
    transactional: false,
  };
  return {
    statements: canRestart ? [step] : [],
    refusals: allowed ? [] : [refusal],
    undeclared: canRestart ? [] : [waits],
  };
}

function keptByOthers({ auto }: Scene, { names, keptBeside = [] }: DesiredSettingsOfServer): Undeclared[] {
  if (names !== undefined) return [];
  const kept = [...auto.keys()].filter((name) => isKeptByOthers(name) && !keptBeside.includes(name));
  return kept.map((name) => ({
    kind: "setting",
    subject: `setting ${name}`,
    message: `${autoFile} has it, and it is not the server's settings that keep it`,
  }));
}

function alter(what: string, reason: string): Statement {
  return { sql: `ALTER SYSTEM ${what}`, reason, risk: "none", kind: "setting", transactional: false };
}
