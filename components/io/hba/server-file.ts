import { DatabaseError } from "pg";
import { quoteLiteral } from "../../core/identifier";
import { problemError } from "../../core/problem";
import { quoteShell } from "../../core/shell";
import type { Session } from "../session";

/**
 * Moves a file of the server's host over another one: one rename, so that the place always holds the one or the other.
 * Fails where the file is not there any more. Over one that is the same it is only removed: a place that cannot be renamed
 * into, such as a mounted file, was not changed either.
 */
export function moveBackSql(from: string, to: string): string {
  const [source, target] = [quoteShell(from), quoteShell(to)];
  return programSql(`if cmp -s ${source} ${target}; then rm ${source}; else mv -f ${source} ${target}; fi`);
}

/** Removes a file of the server's host; fails where it is not there any more. */
export function removeSql(path: string): string {
  return programSql(`rm ${quoteShell(path)}`);
}

/** A file that takes its place whole. */
interface Placing {
  readonly path: string;
  /** Beside it: where it is made. */
  readonly draft: string;
}

/**
 * Writes a file of the server's host over SQL: into a draft beside, read back and compared, then renamed, so that whoever
 * looks finds all of it or what was there before. A new one has mode 0600. Needs a superuser.
 */
export async function writeServerFile(
  session: Session,
  { path, draft, content }: Placing & { readonly content: string | Buffer },
): Promise<void> {
  await explainFailure(path, async () => {
    await writeDraft(session, draft, typeof content === "string" ? Buffer.from(content, "utf8") : content);
    await session.query(placeSql({ path, draft }));
  });
}

/** Copies a file of the server's host, as {@link writeServerFile} writes one: the content stays on the server. */
export async function copyServerFile(
  session: Session,
  { from, path, draft }: Placing & { readonly from: string },
): Promise<void> {
  await explainFailure(path, async () => {
    const [source, target] = [quoteShell(from), quoteShell(draft)];
    await session.query(
      programSql(
        `umask 077 && rm -f ${target} && cat ${source} > ${target} && { chmod --reference=${source} ${target} 2>/dev/null || :; }`,
      ),
    );
    await session.query(placeSql({ path, draft }));
  });
}

/**
 * On disk before it is renamed: a host that loses its power must not be left with an empty file. A file that is there keeps
 * its mode, as Debian's pg_hba.conf has 0640; where `chmod` cannot copy one, it is 0600.
 */
function placeSql({ path, draft }: Placing): string {
  const [source, target] = [quoteShell(draft), quoteShell(path)];
  return programSql(
    `{ chmod --reference=${target} ${source} 2>/dev/null || :; } && sync ${source} && mv -f ${source} ${target}`,
  );
}

async function explainFailure(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const reason = [error.message, error.detail].filter((text) => text !== undefined).join(": ");
    const hint = "the server's account needs to write in that directory; nothing was changed.";
    throw problemError(path, `it cannot be written: ${reason}`, hint, { cause: error });
  }
}

async function writeDraft(session: Session, draft: string, bytes: Buffer): Promise<void> {
  // lo_export keeps the mode of a file that is there, and makes others readable for everybody.
  await session.query(programSql(`umask 077 && rm -f ${quoteShell(draft)} && : > ${quoteShell(draft)}`));
  await exportBytes(session, bytes, draft);
  const [read] = await session.query<{ same: boolean }>(
    "SELECT pg_catalog.pg_read_binary_file($2) = $1::bytea AS same",
    [bytes, draft],
  );
  if (read?.same !== true) throw new Error(`${draft} does not hold what was written to it`);
}

/** In one transaction, so that no large object outlives it. */
async function exportBytes(session: Session, bytes: Buffer, path: string): Promise<void> {
  await session.query("BEGIN");
  try {
    const [made] = await session.query<{ id: number }>("SELECT pg_catalog.lo_from_bytea(0, $1) AS id", [
      bytes,
    ]);
    await session.query("SELECT pg_catalog.lo_export($1, $2), pg_catalog.lo_unlink($1)", [made?.id, path]);
    await session.query("COMMIT");
  } catch (error) {
    await session.query("ROLLBACK").catch(() => undefined); // the connection is lost: the server rolls back itself
    throw error;
  }
}

function programSql(program: string): string {
  return `COPY (SELECT WHERE false) TO PROGRAM ${quoteLiteral(program)}`;
}
