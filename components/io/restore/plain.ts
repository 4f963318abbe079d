import { createReadStream } from "node:fs";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { problemError } from "../../core/problem";
import { turnOf } from "../../core/move/held-back";
import { partOf } from "../../core/restore/dump-statements";
import { readScript, type ScriptPiece } from "../../core/restore/script";
import type { ToolSurroundings } from "../backup/run-tool";
import { feedPsql, runScript, type DatabaseScript } from "./database-script";

/** The pieces of a plain file of a backup, as text of one character a byte. */
async function* piecesOf(file: string, signal: AbortSignal): AsyncGenerator<readonly ScriptPiece[]> {
  const source = createReadStream(file, { signal });
  const text = file.endsWith(".gz") ? source.pipe(createGunzip()) : source;
  source.once("error", (error) => text.destroy(error));
  try {
    const reader = readScript(file);
    for await (const chunk of text as AsyncIterable<Buffer>) yield reader.push(chunk.toString("latin1"));
    yield reader.end();
  } finally {
    source.destroy();
    text.destroy();
  }
}

/** The statements of a plain file; with `until`, up to the first that it is true of. */
export async function readPlain(
  file: string,
  signal: AbortSignal,
  until: (statement: string) => boolean = () => false,
): Promise<string[]> {
  const statements: string[] = [];
  for await (const pieces of piecesOf(file, signal)) {
    for (const { kind, body } of pieces) {
      if (kind === "statement") statements.push(body);
      if (kind === "statement" && until(body)) return statements;
    }
  }
  return statements;
}

/** What of a plain dump is not sent with its content. */
export interface PlainRest extends Pick<DatabaseScript, "statements"> {
  readonly warnings: readonly string[];
  /** What a copy for another environment runs later or never. */
  readonly held: readonly string[];
}

/**
 * Sends the content of a plain dump into an empty database: all but what is of the database itself, which comes back;
 * event triggers last.
 *
 * @param surroundings of the database to restore into
 * @param options tablespaces: false where all is to be in the default one; bare: as a copy for another environment begins
 * @throws ProblemError for what pg_dump does not write
 */
export async function restorePlain(
  surroundings: ToolSurroundings,
  file: string,
  { tablespaces, bare = false }: { readonly tablespaces: boolean; readonly bare?: boolean },
): Promise<PlainRest> {
  const kept = new KeptStatements(file, tablespaces, bare);
  const { warnings } = await feedPsql(surroundings, (stdin) => send(file, surroundings.signal, kept, stdin));
  const { statements, eventTriggers, held } = kept;
  if (eventTriggers.length === 0) return { statements, warnings, held };
  const encoding = statements.filter((text) => partOf(text) === "encoding");
  const more = await runScript(surroundings, [...encoding, ...eventTriggers], ["--single-transaction"]);
  return { statements, warnings: [...warnings, ...more], held };
}

async function send(file: string, signal: AbortSignal, kept: KeptStatements, stdin: Writable): Promise<void> {
  const content = async function* (): AsyncGenerator<Buffer> {
    for await (const pieces of piecesOf(file, signal)) {
      const texts = pieces.map((piece) => (kept.take(piece) ? "\n" : piece.text));
      if (texts.length > 0) yield Buffer.from(texts.join(""), "latin1");
    }
  };
  await pipeline(content, stdin, { signal });
}

/** Before `\connect` with a name of other signs than letters pg_dump says how its bytes are meant. */
const ofConnection = /^\\(?:(?:connect|restrict|unrestrict)(?:\s|$)|encoding SQL_ASCII$)/;

/** Sorts out what is not sent with the content. */
class KeptStatements {
  readonly statements: string[] = [];
  readonly eventTriggers: string[] = [];
  readonly held: string[] = [];
  private authorization: string | undefined;

  constructor(
    private readonly file: string,
    private readonly tablespaces: boolean,
    private readonly bare: boolean,
  ) {}

  /** True: it is not sent. */
  take({ kind, body }: ScriptPiece): boolean {
    if (kind === "meta") {
      if (!ofConnection.test(body)) throw this.foreign(body);
      return true;
    }
    if (kind !== "statement") return false;
    if (body === "SET standard_conforming_strings = off;") throw this.foreign(body);
    if (this.bare && turnOf(body) !== "now") {
      this.held.push(body);
      return true;
    }
    const part = partOf(body);
    if (part === "encoding") this.statements.push(body);
    if (part === "authorization") this.authorization = body;
    if (part === "event trigger") this.eventTriggers.push(body);
    if (part === "database")
      this.statements.push(...(this.authorization === undefined ? [] : [this.authorization]), body);
    if (!this.tablespaces && body.startsWith("SET default_tablespace = ")) return true;
    return part === "create" || part === "database" || part === "event trigger";
  }

  private foreign(body: string): Error {
    return problemError(
      this.file,
      `cannot be restored beside another database: it has ${body.slice(0, 80)}`,
      "did pgstead take it? Backups in format directory have no such limit; psql restores it by hand",
    );
  }
}
