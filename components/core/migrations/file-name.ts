import type { Problem } from "../problem";

/** How the files of a directory are counted: `0007`, or the moment of their making, `20260314150926` (UTC). */
export type VersionKind = "number" | "timestamp";

/** `revision`: one of Alembic's, whose order is in the files. */
export type MigrationKind = VersionKind | "revision";

/** What the name of a file says: `0007-add-user-preferences.sql`. */
export interface MigrationName {
  readonly file: string;
  readonly kind: MigrationKind;
  /** As it is written: `0007`. */
  readonly version: string;
  /** `add-user-preferences`; of one of Alembic's its file. */
  readonly name: string;
}

/** Reads the name of a file; what is wrong with it otherwise. */
export function parseFileName(file: string): MigrationName | Problem {
  const hint = `call it <number>-<name>.sql, such as ${suggestName(file)}`;
  const problem = (message: string): Problem => ({ path: file, message, hint });
  const match = /^(\d+)-([a-z0-9]+(?:-[a-z0-9]+)*)\.sql$/.exec(file);
  const [, version, name] = match ?? [];
  if (version === undefined || name === undefined) {
    return problem("is not the name of a migration: small letters, digits and - after a number");
  }
  if (version.length === 14) {
    return isMoment(version)
      ? { file, kind: "timestamp", version, name }
      : problem(`${version} has the 14 digits of a timestamp (UTC, YYYYmmddHHMMSS) and is no moment`);
  }
  if (version.length < 4 || version.length > 9) {
    return problem(`${version} has ${version.length} digits: a number has 4 to 9, a timestamp 14`);
  }
  return { file, kind: "number", version, name };
}

/** A text as the name of a migration; empty where nothing of it can be one. */
export function slug(text: string): string {
  const words = text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  return (words ?? []).join("-");
}

function suggestName(file: string): string {
  const [, digits = "", rest = ""] = /^(\d*)(.*?)(?:\.[a-z]*)?$/i.exec(file) ?? [];
  const version = digits.length === 14 && isMoment(digits) ? digits : digits.slice(-9).padStart(4, "0");
  return `${/^0*$/.test(version) ? "0001" : version}-${slug(rest) || "name"}.sql`;
}

function isMoment(digits: string): boolean {
  const [, year = "", ...rest] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(digits) ?? [];
  const [month = "", day = "", hour = "", minute = "", second = ""] = rest;
  const moment = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  // The 31st of April is told as the 1st of May.
  return !Number.isNaN(moment.getTime()) && moment.toISOString().replace(/\D/g, "").slice(0, 14) === digits;
}
