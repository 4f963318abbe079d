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
export function parseOutputs(
  outputs: Readonly<Record<string, unknown>> | undefined,
): StackOutputs | undefined {
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

export function renderConnection(outputs: StackOutputs): string {
  const { host, port, version, databases } = outputs;
  const server = version === undefined ? "PostgreSQL" : `PostgreSQL ${version}`;
  const lines = [`${server} listens on ${host}, port ${port}.`];
  for (const { name, roles } of databases) {
    lines.push("", `  database  ${name}`);
    const width = Math.max(0, ...Object.keys(roles).map((key) => key.length));
    for (const [key, role] of Object.entries(roles)) {
      lines.push(`  role      ${key.padEnd(width)}  ${role}`);
    }
  }
  const commands = suggestedCommands(outputs);
  const width = Math.max(...commands.map(([command]) => command.length));
  return [...lines, "", ...commands.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`)].join(
    "\n",
  );
}

function suggestedCommands({ host, port, databases }: StackOutputs): [string, string][] {
  const [first] = databases;
  const key = first === undefined || "app" in first.roles ? "app" : Object.keys(first.roles)[0];
  const user = key === undefined ? undefined : first?.roles[key];
  const of = databases.length > 1 && first !== undefined ? ` --database ${first.name}` : "";
  const forRole: [string, string][] =
    first === undefined || key === undefined || user === undefined
      ? []
      : [
          [
            `npm run ops -- connection --role ${key}${of}`,
            "URI and pool of an application (--env: with the password)",
          ],
          [
            `psql -h ${host} -p ${port} -U ${user} ${first.name}`,
            "where psql is installed; asks for the password",
          ],
        ];
  return [
    ...forRole,
    ["npm run ops -- status", "what the server has"],
    ["npm run pulumi -- preview", "the SQL that the next change would run"],
    ["npm run pulumi -- destroy", "takes everything away again"],
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
