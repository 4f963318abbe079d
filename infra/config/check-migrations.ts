import { parseTime } from "../../components/core/duration";
import { parseFileName, slug } from "../../components/core/migrations/file-name";
import { resolveLimits } from "../../components/core/migrations/retry";
import type { Problem } from "../../components/core/problem";
import { checkAlembic, resolveAlembic } from "./check-alembic";
import { at } from "./check-server";
import type { Fault } from "./names";
import type { Draft } from "./draft";
import type { WrittenDatabase } from "./schema";
import { renderPath, renderValue } from "./shape";
import type { MigrationsConfig } from "./stack-config";

/**
 * The migrations of a database as they are to be.
 *
 * @param usual the directory, where none is named
 */
export function resolveMigrations(written: WrittenDatabase["migrations"], usual: string): MigrationsConfig {
  const { engine = "sql", directory, target, downgrade = "refuse" } = written ?? {};
  const time = (text: string | undefined): number | undefined =>
    text === undefined ? text : parseTime(text);
  const alembic = resolveAlembic(written);
  return {
    engine,
    ...(alembic === undefined ? {} : { alembic }),
    directory: directory ?? usual,
    // Who says how far it goes means that there are some.
    isNamed: directory !== undefined || target !== undefined,
    ...(target === undefined ? {} : { target }),
    downgrade,
    limits: resolveLimits({
      lockTimeoutMs: time(written?.lockTimeout),
      statementTimeoutMs: time(written?.statementTimeout),
      retryForMs: time(written?.retryFor),
    }),
  };
}

/** What the types alone cannot tell about the migrations of a database. */
export function checkMigrations(draft: Draft): Problem[] {
  const { migrationsPath, written } = draft;
  const { migrations } = written;
  if (migrations === undefined) return [];
  const { directory, target, lockTimeout, statementTimeout, retryFor } = migrations;
  const inside = (key: string, fault: Fault | undefined): Problem[] => at([...migrationsPath, key], fault);
  return [
    ...inside("directory", directory?.trim() === "" ? emptyDirectory : undefined),
    ...checkAlembic(draft),
    ...inside("target", migrations.engine === "alembic" ? undefined : targetFault(target)),
    ...inside("lockTimeout", timeFault(lockTimeout) ?? endlessFault(lockTimeout)),
    ...inside("statementTimeout", timeFault(statementTimeout)),
    ...inside("retryFor", timeFault(retryFor)),
  ];
}

/** Two databases would take each other's files for their own, and each would be refused for the other's. */
export function checkSharedDirectories(drafts: readonly Draft[]): Problem[] {
  const first = new Map<string, string>();
  const firstBeside = new Map<string, string>();
  return drafts.flatMap(({ config, migrationsPath }) => {
    const { engine, directory } = config.migrations;
    // Sections of one application may be for several databases.
    if (engine === "alembic") return [];
    const place = placeOf(directory);
    const path = renderPath([...migrationsPath, "directory"]);
    const other = first.get(place);
    first.set(place, other ?? path);
    if (other !== undefined) {
      const hint = "give each database a directory of its own";
      return [{ path, message: `is ${directory}, and so is ${other}`, hint }];
    }
    const beside = functionsBeside(place);
    const neighbour = firstBeside.get(beside);
    firstBeside.set(beside, neighbour ?? path);
    if (neighbour === undefined) return [];
    const message = `is beside ${neighbour}: both would take ${beside} and its views for theirs`;
    return [{ path, message, hint: `give it one more level, such as ${place}/migrations` }];
  });
}

/** Where the functions of a directory of migrations are (`repeatablePlace`). */
function functionsBeside(place: string): string {
  const steps = place.split("/");
  if (steps.at(-2) !== "migrations") return [...steps.slice(0, -1), "functions"].join("/");
  return [...steps.slice(0, -2), "functions", ...steps.slice(-1)].join("/");
}

/** A path without its detours; `a/./b/../c/` is `a/c`. */
function placeOf(path: string): string {
  const steps: string[] = [];
  for (const step of path.split(/[\\/]/)) {
    if (step === "" || step === ".") continue;
    if (step === ".." && steps.length > 0 && steps.at(-1) !== "..") steps.pop();
    else steps.push(step);
  }
  return `${path.startsWith("/") ? "/" : ""}${steps.join("/")}`;
}

const emptyDirectory = { message: "is empty", hint: "name a directory, such as sql/migrations" };

function targetFault(target: string | undefined): Fault | undefined {
  if (target === undefined) return undefined;
  const file = target.split("/").at(-1) ?? "";
  if (/^\d+$/.test(target) || "kind" in parseFileName(file) || (target !== "" && slug(target) === target)) {
    return undefined;
  }
  return {
    message: `${renderValue(target)} is no number, name or file of a migration, nor base`,
    hint: 'write it such as target: "0007"',
  };
}

function timeFault(text: string | undefined): Fault | undefined {
  if (text === undefined || parseTime(text) !== undefined) return undefined;
  return { message: `${renderValue(text)} is no time`, hint: "write it such as 500ms, 2s, 15min or 1h" };
}

function endlessFault(text: string | undefined): Fault | undefined {
  if (text === undefined || parseTime(text) !== 0) return undefined;
  const hint = "give it a bound, such as 2s: the application waits behind a migration that waits";
  return { message: "0 would wait for ever", hint };
}
