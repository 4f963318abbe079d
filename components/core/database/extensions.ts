/** What pgstead has to know of an extension before a server is there to ask. */
export interface KnownExtension {
  readonly name: string;
  /** True: works only with its library in `shared_preload_libraries`. */
  readonly preload: boolean;
  /** Extensions that have to be there first. */
  readonly requires: readonly string[];
}

/** The contrib extensions that the embedded PostgreSQL 17 brings on every platform and that need nothing else. */
export const embeddedExtensions: readonly KnownExtension[] = [
  "amcheck",
  "autoinc",
  "bloom",
  "btree_gin",
  "btree_gist",
  "citext",
  "cube",
  "dblink",
  "dict_int",
  "dict_xsyn",
  "earthdistance",
  "file_fdw",
  "fuzzystrmatch",
  "hstore",
  "insert_username",
  "intagg",
  "intarray",
  "isn",
  "lo",
  "ltree",
  "moddatetime",
  "pageinspect",
  "pg_buffercache",
  "pg_freespacemap",
  "pg_prewarm",
  "pg_stat_statements",
  "pg_surgery",
  "pg_trgm",
  "pg_visibility",
  "pg_walinspect",
  "pgcrypto",
  "pgrowlocks",
  "pgstattuple",
  "postgres_fdw",
  "refint",
  "seg",
  "sslinfo",
  "tablefunc",
  "tcn",
  "tsm_system_rows",
  "tsm_system_time",
  "unaccent",
  "uuid-ossp",
  "xml2",
].map((name) => ({
  name,
  preload: name === "pg_stat_statements",
  requires: name === "earthdistance" ? ["cube"] : [],
}));

/**
 * Extensions whose files the embedded PostgreSQL has, while the library behind them (libperl, libpython, libtcl) comes
 * from the operating system: one machine would have it, another not.
 */
export const embeddedUnusable: ReadonlySet<string> = new Set([
  "bool_plperl",
  "bool_plperlu",
  "hstore_plperl",
  "hstore_plperlu",
  "hstore_plpython3u",
  "jsonb_plperl",
  "jsonb_plperlu",
  "jsonb_plpython3u",
  "ltree_plpython3u",
  "plperl",
  "plperlu",
  "plpython3u",
  "pltcl",
  "pltclu",
]);
