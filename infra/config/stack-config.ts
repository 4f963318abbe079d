/** Where the server lives. Everything above it is the same for all targets. */
export type Target = "embedded" | "docker" | "existing" | "ha";

/** The configuration of one stack: complete, checked, without a secret. */
export interface StackConfig {
  /** Pulumi's name of the stack, such as `dev`. */
  readonly stack: string;
  readonly target: Target;
  /** True: `destroy` takes the server with its data. */
  readonly disposable: boolean;
  /** True: the databases are protected in Pulumi's state. */
  readonly protect: boolean;
  /** Losses that may happen: `database <name>` and `schema <database>.<schema>`, none of which is declared. */
  readonly allowDataLoss: readonly string[];
  readonly server: ServerConfig;
  /** Whether `pgstead:databases` declares them: the outputs are then by database, else flat. */
  readonly several: boolean;
  /** At least one, sorted by name; no two have the same name. */
  readonly databases: readonly DatabaseConfig[];
}

export interface ServerConfig {
  /** Port on 127.0.0.1 (`port`), 1024 to 65535. */
  readonly port: number;
  /** Absolute path; absent: the target chooses one, outside the checkout, of this checkout and stack. */
  readonly dataDirectory?: string;
  /** May a change restart the server? */
  readonly restart: "allow" | "refuse";
  readonly administrator: {
    /** The only superuser. */
    readonly name: string;
    /** Raised to rotate the password. */
    readonly passwordVersion: number;
  };
}

export interface DatabaseConfig {
  readonly name: string;
  /** Fixed at birth, as are locale and template. */
  readonly encoding: string;
  /** `LC_COLLATE` and `LC_CTYPE`. */
  readonly locale: string;
  readonly template: string;
  /** Sessions at once (`CONNECTION LIMIT`); −1 is no limit. */
  readonly connectionLimit: number;
  /** In an order in which they can be created: what an extension needs stands before it. */
  readonly extensions: readonly ExtensionConfig[];
  /** `public` first, then the declared ones, sorted. */
  readonly schemas: readonly string[];
  /** `owner` first, then `migrator`, then the others, sorted by key. */
  readonly roles: readonly RoleConfig[];
}

export interface ExtensionConfig {
  readonly name: string;
  /** One of the database's schemas. */
  readonly schema: string;
  /** Absent: the server's default version at creation. */
  readonly version?: string;
}

export interface RoleConfig {
  /** The name in the configuration, unique in its database: `owner`, `migrator`, `app` … */
  readonly key: string;
  /** The name on the server, unique on it. */
  readonly name: string;
  readonly login: boolean;
  /** Sessions at once (`CONNECTION LIMIT`); −1 is no limit. */
  readonly connectionLimit: number;
  /** Raised to rotate the password; 1 and without meaning for a role that does not log in. */
  readonly passwordVersion: number;
  readonly inherit: boolean;
  readonly createDatabase: boolean;
  readonly createRole: boolean;
  readonly replication: boolean;
  readonly bypassRowLevelSecurity: boolean;
  /** Moment in UTC, `2030-01-01T00:00:00Z`, after which the password is refused; absent: never. */
  readonly validUntil?: string;
}
