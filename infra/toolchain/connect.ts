/** What `npm start` prints at its end: how to connect, without a password. Pure. */
export interface StackOutputs {
  readonly host: string;
  readonly port: number;
  readonly version?: string;
  /** Each database with its login roles by their key in the configuration. */
  readonly databases: readonly { readonly name: string; readonly roles: Readonly<Record<string, string>> }[];
}

/**
 * The outputs of the stack as they are in its state; undefined where there are none. With one database `database` is
 * its name and `roles` its roles; with several both are maps by database. Secrets are not looked at.
 */
export function parseOutputs(outputs: Readonly<Record<string, unknown>> | undefined): StackOutputs | undefined {
  const { host, port, version, database, roles } = outputs ?? {};
  if (typeof host !== "string" || typeof port !== "number") return undefined;
  return {
    host,
    port,
    ...(typeof version === "string" ? { version } : {}),
    databases:
      typeof database === "string"
        ? [{ name: database, roles: strings(roles) }]
        : Object.entries(strings(database)).map(([key, name]) => ({
            name,
            roles: strings(isMapping(roles) ? roles[key] : undefined),
          })),
  };
}

export function renderConnection({ host, port, version, databases }: StackOutputs): string {
  const server = version === undefined ? "PostgreSQL" : `PostgreSQL ${version}`;
  const lines = [`${server} listens on ${host}, port ${port}.`];
  for (const { name, roles } of databases) {
    lines.push("", `  database  ${name}`);
    const width = Math.max(0, ...Object.keys(roles).map((key) => key.length));
    for (const [key, role] of Object.entries(roles)) {
      lines.push(`  role      ${key.padEnd(width)}  ${role}`);
    }
  }
  const [first] = databases;
  const key = first === undefined ? undefined : ("app" in first.roles ? "app" : Object.keys(first.roles)[0]);
  if (first !== undefined && key !== undefined) lines.push("", ...hints(key, databases.length > 1 ? first.name : undefined));
  return lines.join("\n");
}

function hints(key: string, database: string | undefined): string[] {
  const role = `--role ${key}${database === undefined ? "" : ` --database ${database}`}`;
  return [
    `  npm run ops -- connection ${role}              how an application connects, password included`,
    `  psql "$(npm run -s ops -- connection ${role} --uri)"   where psql is installed`,
    "  npm run pulumi -- preview                            the SQL that the next change would run",
    "  npm run pulumi -- destroy                            stops the server and removes what the stack made",
  ];
}

function strings(value: unknown): Record<string, string> {
  if (!isMapping(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
