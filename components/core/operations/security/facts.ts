/** What a look at a server showed, for all controls. */
export interface SecurityFacts {
  /** `17.10`, as the server says. */
  readonly version: string;
  /** As the programs on its disk say; undefined: nobody can tell. */
  readonly installed?: string;
  /** Live values by name, in the server's own units. */
  readonly settings: Readonly<Record<string, string>>;
  /** Names of settings that wait for a restart. */
  readonly pending: readonly string[];
  /** Undefined: the login may not read them. */
  readonly hba?: readonly HbaFact[];
  readonly roles: readonly RoleFact[];
  readonly databases: readonly DatabaseFact[];
  /** Undefined: the log is not archived. */
  readonly archiver?: { readonly failing: boolean; readonly archived: boolean };
  /** Standbys that stream now. */
  readonly standbys: number;
  /** Undefined: the files are out of reach. */
  readonly files?: readonly FileFact[];
  readonly declared: DeclaredSecurity;
}

/** A row of pg_hba_file_rules. */
export interface HbaFact {
  readonly line: number;
  readonly type: string;
  readonly database: readonly string[];
  readonly user: readonly string[];
  readonly address: string | null;
  readonly method: string;
}

export interface RoleFact {
  readonly name: string;
  readonly login: boolean;
  readonly superuser: boolean;
  readonly createRole: boolean;
  readonly createDatabase: boolean;
  readonly replication: boolean;
  readonly bypassRowLevelSecurity: boolean;
  readonly connectionLimit: number;
  /** How its password is kept; null: it has none; undefined: the login may not know. */
  readonly password?: "scram-sha-256" | "md5" | "other" | null;
  /** Predefined roles that it is a direct member of. */
  readonly predefined: readonly string[];
}

export interface DatabaseFact {
  readonly name: string;
  /** What PUBLIC may do with it: `CONNECT`, `TEMPORARY`, `CREATE`. */
  readonly public: readonly string[];
  /** The rest is known of a declared database only. */
  readonly inside?: {
    /** Schemas in which PUBLIC may make objects. */
    readonly publicSchemas: readonly string[];
    /** SECURITY DEFINER functions without a search_path of their own. */
    readonly definers: readonly string[];
    readonly extensions: readonly string[];
  };
}

export interface FileFact {
  /** What it is, such as `data_directory`. */
  readonly what: string;
  readonly path: string;
  /** The bits that chmod sets. */
  readonly mode: number;
}

/** What a stack declares, as far as controls ask for it. */
export interface DeclaredSecurity {
  readonly target: "embedded" | "docker" | "existing" | "ha";
  readonly disposable: boolean;
  readonly administrator: string;
  /** Declared roles, by name on the server. */
  readonly roles: readonly {
    readonly name: string;
    readonly createRole: boolean;
    readonly createDatabase: boolean;
    readonly replication: boolean;
    readonly bypassRowLevelSecurity: boolean;
    readonly predefined: readonly string[];
    readonly migrator: boolean;
  }[];
  readonly databases: readonly {
    readonly name: string;
    readonly extensions: readonly string[];
    readonly recordsDdl: boolean;
  }[];
  /** Addresses that the server's port is published on; target docker only. */
  readonly published: readonly string[];
  readonly physicalBackups: boolean;
  readonly logicalBackups: boolean;
  readonly drills: boolean;
  /** Days that log files are kept; undefined: not pgstead's. */
  readonly logDays?: number;
}
