import type { BackedUpTable, BackupManifest } from "../backup/manifest";
import type { BackupContents } from "./contents";
import { nameOf, type MaskingRule } from "./masking";
import { looksPersonal } from "./personal";
import { mapRoles, type MappedRoles, type TargetFacts } from "./target";

/** What a copy is going to do. */
export interface CopyPlan {
  readonly backup: string;
  /** ISO 8601, in UTC. */
  readonly takenAt: string;
  /** In seconds, from then to now. */
  readonly age: number;
  /** Columns that are masked, and rows of the backup that have one; null: that is told by the copy alone. */
  readonly masking: readonly { readonly column: string; readonly rows: string | null }[];
  /** Columns without a rule that look as if they were about a person; null: the backup does not tell its columns. */
  readonly looksPersonal: readonly string[] | null;
  /** What the copy has no part of; null: the backup does not tell. */
  readonly leftOut: readonly string[] | null;
  readonly roles: MappedRoles;
  /** What is replaced, which is kept; null: there is none yet. */
  readonly replaced: Pick<TargetFacts, "size" | "sessions" | "subscriptions" | "slots"> | null;
}

/** What is known before a copy. */
export interface KnownOfCopy {
  readonly manifest: BackupManifest;
  /** Undefined: the backup has no schema beside its dump. */
  readonly contents: BackupContents | undefined;
  readonly rules: readonly MaskingRule[];
  readonly facts: TargetFacts;
  /** Milliseconds. */
  readonly now: number;
}

/** Decides what is told before a copy; it works without any of its rows. */
export function planCopy({ manifest, contents, rules, facts, now }: KnownOfCopy): CopyPlan {
  const { takenAt, tables } = manifest.snapshot;
  const { size, sessions, subscriptions, slots, isThere } = facts;
  return {
    backup: manifest.name,
    takenAt,
    age: Math.max(0, Math.round((now - Date.parse(takenAt)) / 1_000)),
    masking: rules.map((rule) => ({ column: nameOf(rule), rows: rowsOf(rule, tables, contents) })),
    looksPersonal: contents === undefined ? null : findPersonal(contents, rules),
    leftOut:
      contents === undefined
        ? null
        : [...contents.leftOut, ...contents.settings.map((name) => `setting ${name} of the other database`)],
    roles: mapRoles(facts, manifest),
    replaced: isThere ? { size, sessions, subscriptions, slots } : null,
  };
}

function rowsOf(
  { schema, table }: MaskingRule,
  tables: readonly BackedUpTable[],
  contents: BackupContents | undefined,
): string | null {
  const found = tables.find((one) => one.schema === schema && one.name === table);
  if (found === undefined || found.kind === "r") return found?.rows ?? null;
  if (contents === undefined) return null;
  const parts = tables.filter(
    (one) =>
      one.kind === "r" && rootsOf(`${one.schema}.${one.name}`, contents).includes(`${schema}.${table}`),
  );
  return parts.reduce((sum, { rows }) => sum + BigInt(rows ?? 0), 0n).toString();
}

/** What a table is a partition of, in all steps. */
function rootsOf(table: string, contents: BackupContents): string[] {
  const parent = contents.partitions.find(({ child }) => child === table)?.parent;
  return parent === undefined ? [] : [parent, ...rootsOf(parent, contents)];
}

/** Partitions have the columns of their parents, and are not told again. */
function findPersonal(contents: BackupContents, rules: readonly MaskingRule[]): string[] {
  const masked = new Set(rules.map(nameOf));
  const parts = new Set(contents.partitions.map(({ child }) => child));
  return contents.columns
    .filter((column) => looksPersonal(column) && !["audit", "pgstead"].includes(column.schema))
    .filter(({ schema, table }) => !parts.has(`${schema}.${table}`))
    .map((column) => nameOf(column))
    .filter((name) => !masked.has(name));
}
