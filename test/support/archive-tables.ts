import type { ArchivedUnit } from "../../components/io/archive/archive";
import { runArchive } from "../../components/io/archive/run";
import type { Waiting } from "../../components/io/waiting";
import { silently, type MigratedDatabase } from "./migrations";
import type { TestServer } from "./server";

/** Values whose text depends on settings, and what COPY has to escape. */
export const archiveTables = `
  CREATE TABLE app.orders (id int PRIMARY KEY, created_at timestamptz, note text, price numeric, ratio float8, raw bytea,
    span interval, tags text[], doc jsonb, twice int GENERATED ALWAYS AS (id * 2) STORED);
  INSERT INTO app.orders SELECT n, '2025-12-01'::timestamptz + n * interval '1 day', E'tab\\t, line\\n, \\\\, ''" ' || n, n / 7.0, n / 7.0,
    decode(md5(n::text), 'hex'), n * interval '1.5 hours', ARRAY['a,b', NULL, '{'], jsonb_build_object('n', n) FROM generate_series(1, 60) AS n;
  CREATE TABLE app.events (id int, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE TABLE app.events_1 PARTITION OF app.events FOR VALUES FROM (MINVALUE) TO ('2026-01-01+00');
  CREATE TABLE app.events_2 PARTITION OF app.events FOR VALUES FROM ('2026-01-01+00') TO ('2026-02-01+00');
  CREATE TABLE app.events_3 PARTITION OF app.events FOR VALUES FROM ('2026-02-01+00') TO (MAXVALUE);
  INSERT INTO app.events SELECT n, '2025-12-01'::timestamptz + n * interval '1 day' FROM generate_series(1, 90) AS n;`;

/** What a run is told; the default is a look at what is older than 2026. */
export interface ArchiveWish {
  readonly drop?: boolean;
  readonly before?: string;
  /** Another port of the server, such as a proxy's. */
  readonly port?: number;
  readonly lockTimeoutMs?: number;
  readonly retryForMs?: number;
  readonly waiting?: Waiting;
}

/** Archives a table of schema app. */
export async function archiveTable(
  server: TestServer,
  shop: MigratedDatabase,
  { name, directory, ...wish }: ArchiveWish & { readonly name: string; readonly directory: string },
): Promise<ArchivedUnit[]> {
  const { drop = false, before = "2026-01-01T00:00:00Z", port = server.port } = wish;
  const { lockTimeoutMs = 2_000, retryForMs = 0, waiting = silently } = wish;
  const done: ArchivedUnit[] = [];
  const run = {
    ...{
      database: shop.name,
      owner: shop.owner,
      login: { ...shop.migrator, port },
      table: { schema: "app", name },
    },
    ...{
      before: new Date(before),
      directory,
      drop,
      lockTimeoutMs,
      retryForMs,
      now: () => new Date(),
      waiting,
    },
  };
  await runArchive(run, (unit) => done.push(unit));
  return done;
}
