import type { MigrationHistory } from "../../../components/core/migrations/history";
import type { SchemaSnapshot } from "../../../components/core/schema/snapshot";
import { readHistory, readHistoryPlace } from "../../../components/io/migrations/history";
import { readSchema } from "../../../components/io/schema/read";
import type { Session } from "../../../components/io/session";

/** A live database, as far as its schema goes. */
export interface LiveSchema {
  readonly snapshot: SchemaSnapshot;
  /** Undefined: no migration was ever applied to it. */
  readonly history: MigrationHistory | undefined;
  /** Names of all roles of the server. */
  readonly roles: readonly string[];
  /** Version of each extension. */
  readonly extensions: Readonly<Record<string, string>>;
  readonly readMs: number;
}

export async function readLive(session: Session): Promise<LiveSchema> {
  const since = performance.now();
  const { hasTables } = await readHistoryPlace(session);
  const history = hasTables ? await readHistory(session) : undefined;
  const roles = await session.query<{ name: string }>(
    "SELECT rolname::text AS name FROM pg_catalog.pg_roles ORDER BY 1",
  );
  const extensions = await session.query<{ name: string; version: string }>(
    "SELECT extname::text AS name, extversion AS version FROM pg_catalog.pg_extension ORDER BY 1",
  );
  const snapshot = await readSchema(session);
  return {
    snapshot,
    history,
    roles: roles.map(({ name }) => name),
    extensions: Object.fromEntries(extensions.map(({ name, version }) => [name, version])),
    readMs: Math.round(performance.now() - since),
  };
}
