import { problemError } from "../problem";

/** A part of a script for psql; all parts after each other are the script. */
export interface ScriptPiece {
  /** `copy`: rows of a COPY, in parts; `meta`: a command of psql; `rest`: space and comments at the end. */
  readonly kind: "statement" | "copy" | "meta" | "rest";
  /** With the space and the comments before it. */
  readonly text: string;
  /** Without them. */
  readonly body: string;
}

/** Takes a script as it comes. */
export interface ScriptReader {
  /** The pieces that end in this part. @throws ProblemError for what no dump holds */
  push(text: string): readonly ScriptPiece[];
  /** What is left. @throws ProblemError where the script ends in the middle of something */
  end(): readonly ScriptPiece[];
}

/** Where a line begins; `$…$` is the tag of a text in dollars. */
type State = "plain" | "text" | "escaped text" | "name" | "block" | `$${string}`;

/**
 * Cuts a script as pg_dump writes it into its statements, as psql does. A statement that holds statements (BEGIN ATOMIC) is
 * cut inside as well, which does no harm where all pieces are used in their order.
 *
 * @param file for errors
 */
export function readScript(file: string): ScriptReader {
  const reader = new Reader(file);
  return {
    push: (text) => reader.push(text),
    end: () => reader.end(),
  };
}

/** The statements of a whole script. */
export function statementsOf(text: string, file: string): string[] {
  const reader = readScript(file);
  const pieces = [...reader.push(text), ...reader.end()];
  return pieces.filter(({ kind }) => kind === "statement").map(({ body }) => body);
}

/** So much at the end of rows may be the beginning of their end. */
const endOfRows = "\\.\n";

class Reader {
  private buffer = "";
  private piece = "";
  /** Where the piece's first word is; undefined: it has none yet. */
  private first: number | undefined;
  private state: State = "plain";
  private depth = 0;
  private isCopy = false;
  private isLineStart = true;
  private done: ScriptPiece[] = [];

  constructor(private readonly file: string) {}

  push(text: string): readonly ScriptPiece[] {
    this.buffer += text;
    for (;;) if (!(this.isCopy ? this.takeRows() : this.takeLine())) break;
    const { done } = this;
    this.done = [];
    return done;
  }

  end(): readonly ScriptPiece[] {
    const before = this.push("\n");
    if (this.isCopy || this.state !== "plain" || this.first !== undefined || this.buffer !== "") {
      throw this.unusable("ends in the middle of a statement");
    }
    return [...before, { kind: "rest", text: this.piece, body: "" }];
  }

  /** Rows are not kept until they are whole: one may be as large as a table. */
  private takeRows(): boolean {
    const { buffer } = this;
    const isStart = this.isLineStart && buffer.startsWith(endOfRows);
    const found = isStart ? -1 : buffer.indexOf(`\n${endOfRows}`);
    if (isStart || found !== -1) {
      this.give("copy", buffer.slice(0, found + 1 + endOfRows.length));
      this.buffer = buffer.slice(found + 1 + endOfRows.length);
      this.isCopy = false;
      return true;
    }
    const known = buffer.length - endOfRows.length;
    if (known > 0) {
      this.give("copy", buffer.slice(0, known));
      this.isLineStart = buffer[known - 1] === "\n";
      this.buffer = buffer.slice(known);
    }
    return false;
  }

  private takeLine(): boolean {
    const end = this.buffer.indexOf("\n") + 1;
    if (end === 0) return false;
    const line = this.buffer.slice(0, end);
    this.buffer = this.buffer.slice(end);
    for (let at = 0; at < line.length;) {
      at = this.state === "plain" ? this.readPlain(line, at) : this.readQuoted(line, at);
      if (!this.isCopy) continue;
      this.give("copy", line.slice(at)); // the end of the line with COPY
      this.isLineStart = true;
      break;
    }
    return true;
  }

  /** Reads up to what ends the plain part, or the statement. */
  private readPlain(line: string, at: number): number {
    special.lastIndex = at;
    const found = special.exec(line);
    const to = found?.index ?? line.length;
    this.take(line.slice(at, to));
    if (found === null) return to;
    const [sign] = found;
    if (sign.startsWith("--")) return this.keep(line.slice(to), line.length);
    if (sign === "\\") return this.readMeta(line, to);
    if (sign === ";") {
      this.take(sign);
      this.finish();
      return to + 1;
    }
    if (sign === "/*") {
      this.state = "block";
      this.depth = 1;
      return this.keep(sign, to + sign.length);
    }
    this.take(sign);
    this.state = stateAfter(sign);
    return to + sign.length;
  }

  private readQuoted(line: string, at: number): number {
    if (this.state === "block") return this.readBlock(line, at);
    const { state } = this;
    if (state.startsWith("$")) {
      const found = line.indexOf(state, at);
      return this.takeQuoted(line, at, found === -1 ? undefined : found + state.length);
    }
    const end = quoteEnds[state as keyof typeof quoteEnds];
    end.lastIndex = at;
    return this.takeQuoted(line, at, end.exec(line) === null ? undefined : end.lastIndex);
  }

  /** A doubled quote ends a text and begins the next one, which comes to the same. */
  private takeQuoted(line: string, at: number, end: number | undefined): number {
    if (end !== undefined) {
      const isDoubled = this.state === "escaped text" && line[end] === "'";
      if (!isDoubled) this.state = "plain";
      else end += 1;
    }
    this.take(line.slice(at, end));
    return end ?? line.length;
  }

  private readBlock(line: string, at: number): number {
    blockSign.lastIndex = at;
    const found = blockSign.exec(line);
    const to = found === null ? line.length : blockSign.lastIndex;
    if (found !== null) this.depth += found[0] === "/*" ? 1 : -1;
    if (this.depth === 0) this.state = "plain";
    return this.keep(line.slice(at, to), to);
  }

  /** A command of psql stands on a line of its own: within a statement no dump has one. */
  private readMeta(line: string, at: number): number {
    if (this.first !== undefined)
      throw this.unusable(`has a command of psql within a statement: ${line.slice(at).trim()}`);
    const body = line.slice(at);
    this.done.push({ kind: "meta", text: this.piece + body, body: body.trim() });
    this.piece = "";
    return line.length;
  }

  private finish(): void {
    const body = this.piece.slice(this.first ?? this.piece.length);
    this.done.push({ kind: "statement", text: this.piece, body });
    this.piece = "";
    this.first = undefined;
    this.isCopy = /^COPY\s[^]*\sFROM stdin;$/.test(body);
  }

  private give(kind: "copy", text: string): void {
    if (text !== "") this.done.push({ kind, text, body: "" });
  }

  /** Of the statement itself. */
  private take(text: string): void {
    if (this.first === undefined) {
      const word = text.search(/\S/);
      if (word !== -1) this.first = this.piece.length + word;
    }
    this.piece += text;
  }

  /** A comment. */
  private keep(text: string, next: number): number {
    this.piece += text;
    return next;
  }

  private unusable(what: string): Error {
    return problemError(this.file, what, "pg_dump writes none such: where does this file come from?");
  }
}

/** What begins something else; a tag of dollars stands behind no letter, and neither does the E of a text with escapes. */
const special =
  /--|\/\*|[;\\"]|(?<![\w$\x80-\uffff])[eE]'|'|(?<![\w$\x80-\uffff])\$(?:[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?\$/g;

const blockSign = /\/\*|\*\//g;

const quoteEnds = {
  text: /'/g,
  "escaped text": /(?:[^\\']|\\[^])*'/y,
  name: /"/g,
};

function stateAfter(sign: string): State {
  if (sign === "'") return "text";
  if (sign === '"') return "name";
  return sign.startsWith("$") ? (sign as State) : "escaped text";
}
