import { parseDataVolume, type DataVolume, type RestoreRecord } from "../../core/physical/generations";
import { problemError } from "../../core/problem";
import { volumePath, type WorkContainer } from "./work-container";

/** Shows what is on the data volume: `generations.ts` of core reads it. */
const listScript = `
cd "$1"
[ ! -L current ] || echo "current $(readlink current)"
echo "free $(df -P -B1 . | awk 'NR == 2 { print $4 }')"
for entry in *; do
  case $entry in
    *[!0-9]*) ;;
    *) [ ! -f "$entry/PG_VERSION" ] || echo "generation $entry $(du -sb "$entry" 2>/dev/null | cut -f1)" ;;
  esac
done
for entry in [1-9]*.partial; do
  [ ! -d "$entry" ] || echo "half $entry"
done
for entry in [1-9]*.json; do
  [ ! -f "$entry" ] || echo "record $(tr -d '\\n' <"$entry")"
done
`;

/** What is on the data volume. */
export async function readDataVolume(work: WorkContainer): Promise<DataVolume> {
  return parseDataVolume(await work.run("the data volume", listScript, [volumePath]));
}

/** Writes a record whole, or not at all; it lies beside the generation, where no backup takes it along. */
const recordScript = `
cd "$1"
cat >"$2.json.draft"
sync "$2.json.draft"
mv -f "$2.json.draft" "$2.json"
sync --file-system .
`;

export async function writeRecord(work: WorkContainer, record: RestoreRecord): Promise<void> {
  const name = String(record.generation);
  await work.run("the record of the restore", recordScript, [volumePath, name], JSON.stringify(record));
}

/** A rename first: what is half removed is known as such. */
const removeScript = `
cd "$1"
shift
[ "\${1:-}" != "$(readlink current)" ] || { echo "it is in use" >&2; exit 1; }
for name in "$@"; do
  number=\${name%.partial}
  if [ -d "$number" ] && [ "$number" = "$name" ]; then mv -T "$number" "$number.partial"; fi
  rm -rf -- "$number.partial" "$number.json" "$number.json.draft" "$number.roles.sql"
done
sync --file-system .
`;

/** Removes generations, or what is half made of one. Never the one that is in use. */
export async function removeGenerations(work: WorkContainer, names: readonly string[]): Promise<void> {
  for (const name of names) await work.run(`generation ${name}`, removeScript, [volumePath, name]);
}

/** The directory that a restore writes to, and that nobody takes for a whole one. */
export function halfDirectory(number: number): string {
  return `${volumePath}/${number}.partial`;
}

/** The configuration has the directory's name, for the program that fetches the log. */
const completeScript = `
cd "$1"
sed -i "s|$1/$2\\.partial|$1/$2|g" "$2.partial/postgresql.auto.conf"
sync --file-system "$2.partial"
mv -T "$2.partial" "$2"
sync --file-system .
`;

/** Has what was restored whole count as a generation. */
export async function completeGeneration(work: WorkContainer, record: RestoreRecord): Promise<void> {
  await writeRecord(work, record);
  await work.run(`generation ${record.generation}`, completeScript, [volumePath, String(record.generation)]);
}

/**
 * postgresql.auto.conf of the generation in use. Settings that were never proven by a start are not taken: the ones before
 * them are.
 */
export async function readDeclaredSettings(work: WorkContainer): Promise<string> {
  const script = `cd "$1/current"; f=postgresql.auto.conf; [ ! -f "$f.pgstead-proven" ] || f=$f.pgstead-proven; cat "$f"`;
  return work.run("postgresql.auto.conf", script, [volumePath]);
}

/** What `pg_controldata` says of a generation. */
export function readControl(work: WorkContainer, generation: string): Promise<string> {
  return work.run(`generation ${generation}`, `LC_ALL=C pg_controldata "$1/$2"`, [volumePath, generation]);
}

/**
 * Files that are no data: from the generation in use, so that they are as the present declaration has them. What an
 * unfinished change has left there, or in the backup, is not taken along.
 */
const prepareScript = `
cd "$1"
to=$2
[ ! -f "$to/postmaster.pid" ] || pg_ctl stop -D "$to" -m fast -w -t 300 </dev/null >/dev/null
cat >"$to/postgresql.auto.conf.draft"
for f in postgresql.conf pg_hba.conf pg_ident.conf; do
  [ -f "current/$f" ] || continue
  from=current/$f
  [ ! -f "$from.pgstead-previous" ] || from=$from.pgstead-previous
  [ "$(readlink current)" = "$to" ] || cp -p "$from" "$to/$f"
done
mv -f "$to/postgresql.auto.conf.draft" "$to/postgresql.auto.conf"
rm -f "$to"/*.pgstead-proven "$to"/*.pgstead-previous "$to/pgstead-start-attempt" "$to/standby.signal" "$to/current_logfiles"
: >"$to/recovery.signal"
sync --file-system "$to"
`;

/** Makes a generation ready to be started in the server's container, where it recovers to its end by itself. */
export async function prepareGeneration(
  work: WorkContainer,
  generation: number,
  settings: string,
): Promise<void> {
  const args = [volumePath, String(generation)];
  await work.run(`generation ${generation}`, prepareScript, args, settings);
}

/** An older generation that was made ready and not taken: it is as it was. */
export async function leaveGeneration(work: WorkContainer, generation: number): Promise<void> {
  const script = `cd "$1"; rm -f "$2/recovery.signal" "$2.json" "$2.json.draft" "$2.roles.sql"; sync --file-system .`;
  await work.run(`generation ${generation}`, script, [volumePath, String(generation)]);
}

/** The lock is the entrypoint's own: while a server runs on the volume nobody gets it. */
const linkScript = `
cd "$1"
exec 9>lock
flock --exclusive --timeout 30 9 || { echo "a server still runs on the data volume" >&2; exit 1; }
[ -f "$2/PG_VERSION" ]
ln -sfn "$2" current.partial
sync --file-system .
mv -T current.partial current
sync --file-system .
`;

/** Leads `current` to a generation, in one step. No server may run on the volume. */
export async function linkGeneration(work: WorkContainer, generation: number): Promise<void> {
  await work.run("the link `current`", linkScript, [volumePath, String(generation)]);
}

/** @throws ProblemError there is no generation in use */
export function currentOf({ current }: DataVolume): number {
  if (current !== undefined) return current;
  throw problemError(
    "the data volume",
    "has no link `current` to a generation",
    "was it ever brought up? `npm run pulumi -- up` makes the first one",
  );
}
