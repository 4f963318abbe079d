import { problemError } from "../problem";
import { parseFileName, slug, type VersionKind } from "./file-name";
import { noteQuestions } from "./header";
import { inOrder } from "./migration-set";

/** What the next migration is asked to be. */
export interface NewMigrationArgs {
  /** In words: `add user preferences`. */
  readonly title: string;
  /** How it is counted; default as the files that are there, and by number where there is none. */
  readonly kind?: VersionKind;
  /** Names of the files that are there. */
  readonly existing: readonly string[];
  readonly now: Date;
}

/** Longest name, so that `git` and file systems take the file everywhere. */
const maxName = 100;

/**
 * The name of the next migration: `0008-add-user-preferences.sql`.
 *
 * @throws ProblemError where the words make no name, or files would be counted in two ways
 */
export function nextFileName({ title, kind: wanted, existing, now }: NewMigrationArgs): string {
  const name = slug(title);
  if (name === "" || name.length > maxName) {
    const message =
      name === ""
        ? `"${title}" gives no name`
        : `the name has ${name.length} characters: ${maxName} are the limit`;
    throw problemError("name", message, 'say in a few words what it does, such as "add user preferences"');
  }
  const names = existing.map(parseFileName).filter((one) => "kind" in one);
  const last = names.toSorted(inOrder).at(-1);
  const same = names.find((one) => one.name === name);
  if (same !== undefined) {
    throw problemError(
      same.file,
      `is called "${name}" already`,
      "call the new one by what it does differently",
    );
  }
  const kind = wanted ?? last?.kind ?? "number";
  if (last !== undefined && last.kind !== kind) {
    const hint = `leave --${kind} out: the files that are there have a ${last.kind} each`;
    throw problemError(last.file, `has a ${last.kind}, and the new one would have a ${kind}`, hint);
  }
  return `${kind === "number" ? nextNumber(last?.version) : nextTimestamp(now, last?.version)}-${name}.sql`;
}

function nextNumber(last: string | undefined): string {
  return String(Number(last ?? 0) + 1).padStart(last?.length ?? 4, "0");
}

/** The moment, or a second after the last one where that is not over. */
function nextTimestamp(now: Date, last: string | undefined): string {
  const write = (moment: Date): string => moment.toISOString().replace(/\D/g, "").slice(0, 14);
  const current = write(now);
  if (last === undefined || Number(current) > Number(last)) return current;
  const [, date = "", time = ""] = /^(\d{8})(\d{6})$/.exec(last) ?? [];
  const after = `${date.replace(/(....)(..)(..)/, "$1-$2-$3")}T${time.replace(/(..)(..)(..)/, "$1:$2:$3")}Z`;
  return write(new Date(new Date(after).getTime() + 1_000));
}

/** The text of a new migration; it is refused until its questions are answered. */
export function migrationTemplate(): string {
  const notes = Object.entries(noteQuestions).map(([key, question]) => `-- ${key}: <${question}>`);
  return `${notes.join("\n")}

-- migrate:up


-- migrate:down

`;
}
