import { describe, expect, test } from "vitest";
import { readScript, statementsOf, type ScriptPiece } from "../../../../components/core/restore/script";

/** Read in parts of so many characters. */
function pieces(text: string, size: number): ScriptPiece[] {
  const reader = readScript("a file");
  const found: ScriptPiece[] = [];
  for (let at = 0; at < text.length; at += size) found.push(...reader.push(text.slice(at, at + size)));
  return [...found, ...reader.end()];
}

const script = String.raw`-- a 'comment; with "signs
SET x = 'it''s; \'; /* in /* a */ block; */ SELECT E'a\'; b', "na;""me", $$ ; $x$ $$, $x$ $$ ; $x$;
COPY app.t (a) FROM stdin;
GRANT a TO b;
\\.
\.

\connect other
CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;
`;

describe("a script of pg_dump", () => {
  test.each([1, 2, 3, 7, 1_000])("is cut into the same pieces in parts of %i characters", (size) => {
    const found = pieces(script, size);
    expect(found.map(({ text }) => text).join("")).toBe(`${script}\n`);
    expect(found.filter(({ kind }) => kind === "statement").map(({ body }) => body)).toEqual([
      String.raw`SET x = 'it''s; \';`,
      String.raw`SELECT E'a\'; b', "na;""me", $$ ; $x$ $$, $x$ $$ ; $x$;`,
      "COPY app.t (a) FROM stdin;",
      "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1;",
      "END;",
    ]);
    expect(found.filter(({ kind }) => kind === "meta").map(({ body }) => body)).toEqual([
      String.raw`\connect other`,
    ]);
  });

  test.each(["SELECT 1", "SELECT 'a;", "COPY t FROM stdin;\n1\n", "SELECT $a$ ;", '"a'])(
    "that ends in the middle is refused: %s",
    (text) => {
      expect(() => statementsOf(text, "a file")).toThrow("ends in the middle");
    },
  );

  test("with a command of psql within a statement is refused", () => {
    expect(() => statementsOf("SELECT 1 \\! ls\n;", "a file")).toThrow("a command of psql");
  });
});
