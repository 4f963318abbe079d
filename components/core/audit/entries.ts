/** An entry of the trail, as a reader gets it. */
export interface TrailEntry {
  readonly id: string;
  /** ISO 8601, in UTC. */
  readonly at: string;
  /** `pg_current_xact_id`: what has the same was done together. */
  readonly transaction: string;
  readonly login: string;
  /** Role that the login worked as (`SET ROLE`); null: as itself. */
  readonly role: string | null;
  /** Whom the application said (setting `app.user`): nobody has proven it. */
  readonly appUser: string | null;
  readonly application: string | null;
  readonly address: string | null;
  readonly operation: "INSERT" | "UPDATE" | "DELETE" | "TRUNCATE" | "DDL" | "RESTORE";
  /** `app.orders`; null for what is no table. */
  readonly table: string | null;
  readonly key: Row | null;
  readonly old: Row | null;
  readonly new: Row | null;
  /** Of DDL and of a restore: what was done. */
  readonly command: string | null;
  /** To what. */
  readonly object: string | null;
}

type Row = Readonly<Record<string, unknown>>;

/** What a reader asks for; all of it together. */
export interface TrailFilter {
  readonly schema?: string;
  readonly table?: string;
  readonly since?: Date;
  readonly until?: Date;
  /** A login, a role, or whom the application said. */
  readonly user?: string;
  readonly operation?: string;
  /** Columns of the key with their values as text. */
  readonly key?: Readonly<Record<string, string>>;
  readonly limit: number;
}

/** `carol@example.com as shop_app`: whom the application says comes first, as nobody else knows. */
export function renderWho({ login, role, appUser, application, address }: TrailEntry): string {
  const as = role === null || role === login ? login : `${login} as ${role}`;
  const who = appUser === null ? as : `${appUser} (claimed) by ${as}`;
  const where = [application, address].filter((part) => part !== null).join(", ");
  return where === "" ? who : `${who} (${where})`;
}

/** `UPDATE app.orders id=1`, `DDL ALTER TABLE table app.orders`. */
export function renderWhat({ operation, table, key, command, object }: TrailEntry): string {
  if (command !== null) return [operation, command, object].filter((part) => part !== null).join(" ");
  const columns = Object.entries(key ?? {}).map(([name, value]) => `${name}=${renderCell(value, Infinity)}`);
  return [operation, table ?? "", ...columns].join(" ");
}

/** What changed in a row, a line for each column: `status: "new" → "paid"`. */
export function renderChanges({ operation, old, new: now }: TrailEntry, width = 60): string[] {
  const names = [...new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})])];
  const cell = (row: Row | null, name: string): string => renderCell(row?.[name], width);
  const same = (name: string): boolean => JSON.stringify(old?.[name]) === JSON.stringify(now?.[name]);
  if (old !== null && now !== null) {
    const changed = names.filter((name) => !same(name));
    if (changed.length === 0) return ["nothing that is recorded"];
    return changed.map((name) => `${name}: ${cell(old, name)} → ${cell(now, name)}`);
  }
  const row = now ?? old;
  if (row === null || operation === "TRUNCATE") return [];
  // What is empty says nothing.
  return names.filter((name) => row[name] !== null).map((name) => `${name}: ${cell(row, name)}`);
}

function renderCell(value: unknown, width: number): string {
  const text = value === undefined ? "-" : JSON.stringify(value);
  return text.length > width ? `${text.slice(0, width - 1)}… (${text.length} characters)` : text;
}
