/** What says nothing of a backup, and all of where it was to be restored; each as PostgreSQL or the system puts it. */
const surroundings: readonly RegExp[] = [
  /extension "[^"]*" is not available/,
  /could not (?:access|open extension control|stat) file "[^"]*": No such file/,
  /could not load library/,
  /must be loaded via "?shared_preload_libraries/,
  /invalid (?:LC_\w+ |ICU |)locale name/,
  /(?:could not create|conflicting or redundant) (?:locale|options)/,
  /locale provider|ICU is not supported/,
  /collation "[^"]*" for encoding "[^"]*" does not exist/,
  /No space left on device|Disk quota exceeded|ENOSPC|EDQUOT/,
  /out of (?:shared )?memory|Cannot allocate memory/,
  /server closed the connection|terminating connection|Connection terminated|the database system is/,
];

/** Whether a failed restore tells of where it was done, rather than of the backup. */
export function isOfSurroundings(message: string): boolean {
  return surroundings.some((pattern) => pattern.test(message));
}

/** Extensions that are made only where their library was loaded when the server started. */
const loadedFirst: ReadonlySet<string> = new Set([
  "citus",
  "pg_cron",
  "pg_stat_statements",
  "pgaudit",
  "timescaledb",
]);

/** What a server has to load for the extensions of a backup that does not tell what its own did. */
export function librariesFor(extensions: readonly { readonly name: string }[]): string[] {
  return extensions.map(({ name }) => name).filter((name) => loadedFirst.has(name));
}
