import type { Session } from "../../../components/io/session";
import { auditedDatabase, tableRule } from "../../support/audit";
import { startServer } from "../../support/server";
import { compare, ratio, type Comparison, type Figures } from "../figures";
import { say } from "../progress";

const rows = 200_000;
const statements = 2_000;

const tables = { plain: "not audited", audited: "trail of pgstead", rowwise: "row-level triggers" } as const;
type Table = keyof typeof tables;
const names = Object.keys(tables) as Table[];

const bulk = `UPDATE of ${rows} rows`;
const single = `${statements} UPDATEs of a row`;

/**
 * What the trail costs: a bulk update and many small ones, of a table that is not audited, of one that is, and of one
 * whose row-level trigger writes the same entries. They take turns on one server, without waiting for its disk.
 */
export async function measureAudit(
  runs: number,
): Promise<{ figures: readonly Figures[]; comparisons: readonly Comparison[] }> {
  say(`audit: a table of ${rows} rows`);
  const server = await startServer();
  const shop = await auditedDatabase(server, {
    declaration: { tables: [tableRule("app.plain", false), tableRule("app.rowwise", false)] },
  });
  const seconds = new Map<string, number[]>();
  try {
    await prepare(shop.admin, shop.migrator);
    for (let run = 0; run <= runs; run += 1) {
      const bulks = new Map<Table, number>();
      for (const table of names) bulks.set(table, await timeBulk(shop.admin, table));
      const singles = await timeSingles(shop.admin);
      if (run === 0) continue; // the first one warms up
      for (const [command, taken] of [
        [bulk, bulks],
        [single, singles],
      ] as const) {
        for (const table of names) {
          const key = `${command}\0${table}`;
          seconds.set(key, [...(seconds.get(key) ?? []), taken.get(table) ?? NaN]);
        }
      }
    }
  } finally {
    await shop.close();
    await server.stop();
  }
  const figures = [bulk, single].flatMap((command) =>
    names.map((table) => ({
      command,
      subject: tables[table],
      seconds: seconds.get(`${command}\0${table}`) ?? [],
    })),
  );
  return { figures, comparisons: comparisonsOf(figures) };
}

function comparisonsOf(figures: readonly Figures[]): Comparison[] {
  const times = (command: string, reference: Table): number =>
    ratio(figures, command, tables.audited, tables[reference]);
  return [
    compare(`${bulk}: trail against row-level triggers`, times(bulk, "rowwise"), "times", 1),
    compare(`${bulk}: trail against no trail`, times(bulk, "plain"), "times", null),
    compare(`${single}: trail against row-level triggers`, times(single, "rowwise"), "times", 1.5),
    compare(`${single}: trail against no trail`, times(single, "plain"), "times", null),
  ];
}

/** The row-level trigger writes what the trail's functions write, to a table like the trail. */
async function prepare(admin: Session, migrator: Session): Promise<void> {
  for (const table of names) {
    await migrator.query(
      `CREATE TABLE app.${table} (id int PRIMARY KEY, status text, price numeric, at timestamptz)`,
    );
  }
  await admin.query("SET synchronous_commit = off");
  await admin.query(`CREATE TABLE public.row_log (LIKE audit.change_log INCLUDING ALL) PARTITION BY RANGE (at);
    CREATE TABLE public.row_log_rest PARTITION OF public.row_log DEFAULT;
    CREATE FUNCTION public.record_row() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
      INSERT INTO public.row_log (at, transaction, login, role, app_user, application, address, operation, table_schema,
        table_name, relation, key, old, new)
      VALUES (clock_timestamp(), pg_current_xact_id(), session_user, nullif(current_setting('role'), 'none'),
        nullif(current_setting('app.user', true), ''), current_setting('application_name'), inet_client_addr(), TG_OP,
        TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_RELID, jsonb_build_object('id', NEW.id), to_jsonb(OLD), to_jsonb(NEW));
      RETURN NULL;
    END $$;
    CREATE TRIGGER row_wise AFTER UPDATE ON app.rowwise FOR EACH ROW EXECUTE FUNCTION public.record_row()`);
}

async function timeBulk(admin: Session, table: Table): Promise<number> {
  await admin.query(`TRUNCATE app.${table}, audit.change_log, public.row_log`);
  await admin.query(
    `INSERT INTO app.${table} SELECT i, 'new', i * 1.5, '2026-01-01' FROM generate_series(1, ${rows}) AS i`,
  );
  await admin.query("TRUNCATE audit.change_log");
  await admin.query(`VACUUM ANALYZE app.${table}`);
  await admin.query("CHECKPOINT");
  return timed(() => admin.query(`UPDATE app.${table} SET status = 'paid', price = price + 1`));
}

/** Statement by statement in turns, so that whatever else the machine does meets all three alike. */
async function timeSingles(admin: Session): Promise<ReadonlyMap<Table, number>> {
  const taken = new Map<Table, number>();
  for (let id = 1; id <= statements; id += 1) {
    for (const table of names) {
      const update = `UPDATE app.${table} SET status = $1 WHERE id = $2`;
      const seconds = await timed(() => admin.query(update, ["sent", id]));
      taken.set(table, (taken.get(table) ?? 0) + seconds);
    }
  }
  return taken;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - started) / 1e9;
}
