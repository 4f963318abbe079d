import { problemError } from "../../../components/core/problem";
import { withRepository } from "../../../components/io/backup/lock";
import { dropLeftovers, withRestoreLock } from "../../../components/io/restore/live";
import { readBeside } from "../../../components/io/restore/survey";
import { restoreTable as bringBack } from "../../../components/io/restore/table";
import type { TableName } from "../../../components/io/restore/table-parts";
import { withSession } from "../../../components/io/session";
import type { BackupPlace } from "../backup/place";
import type { Report } from "../report";
import { chooseBackup, lookAt, sourceOf, type WantedBackup } from "./choose";

export interface TableData {
  readonly action: "table";
  readonly backup: string;
  readonly database: string;
  /** As it is called now. */
  readonly table: string;
  readonly rows: string;
  readonly notes: readonly string[];
  readonly seconds: number;
}

/** Brings one table of a backup back into its database. */
export async function restoreTable(
  place: BackupPlace,
  wanted: WantedBackup & { readonly table: string; readonly as?: string | undefined },
  given: AbortSignal,
): Promise<Report<TableData>> {
  const { repository, stack, write } = place;
  const table = parseTable("--table", wanted.table);
  const as = wanted.as === undefined ? table : parseTable("--as", wanted.as);
  const found = await chooseBackup(place, wanted);
  return withRepository(repository, `restore of ${found.name}`, given, async (signal) => {
    const started = Date.now();
    const looked = await lookAt(place, found, signal);
    const login = await place.administrator();
    const request = {
      repository: sourceOf(place),
      ...looked,
      login,
      table,
      as,
      signal,
      now: () => Date.now(),
    };
    const work = withSession(login, { asItself: true }, (session) =>
      withRestoreLock(session, { signal, say: write }, async () => {
        const { beside } = await readBeside(session, found.database);
        for (const name of await dropLeftovers(session, login, beside))
          write(`removed ${name}, which a run that did not come to its end had left`);
        return bringBack(request);
      }),
    );
    const restored = await place.progress(`restoring ${wanted.table} of ${found.name}`, work);
    const what = { backup: found.name, database: found.database, table: `${as.schema}.${as.name}` };
    const data = { action: "table", ...what, ...restored, seconds: (Date.now() - started) / 1_000 } as const;
    return { command: "restore", stack, data, findings: [] };
  });
}

/** `app.users`; a part with other signs stands in double quotes, as in SQL. */
function parseTable(option: string, text: string): TableName {
  const part = String.raw`"(?:[^"]|"")+"|[^".]+`;
  const [, schema, name] = new RegExp(`^(${part})\\.(${part})$`).exec(text) ?? [];
  if (schema !== undefined && name !== undefined) return { schema: bare(schema), name: bare(name) };
  throw problemError(option, `${text} is not the name of a table`, "write it with its schema: app.users");
}

function bare(part: string): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part;
}
