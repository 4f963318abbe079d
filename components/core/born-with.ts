/** Databases that every server has. */
export const serverDatabases: ReadonlySet<string> = new Set(["postgres", "template0", "template1"]);

/** Schema of pgstead's own tables: nobody declares it. */
export const ownSchema = "pgstead";

/** Extension that every database has. */
export const usualExtension = "plpgsql";

/** Libraries that a server made here loads when it starts, unless it is declared otherwise (`shared_preload_libraries`). */
export const bornLibraries: readonly string[] = ["pg_stat_statements"];
