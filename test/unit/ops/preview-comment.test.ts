import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { projectRoot } from "../../../components/io/places";
import { renderDocument, type Place, type Section } from "../../../infra/ops/comment/document";
import { parseLint } from "../../../infra/ops/comment/lint";
import { previewDocument, withLint } from "../../../infra/ops/comment/render";
import { resolveReport, type PreviewReport } from "../../../infra/ops/comment/resolve";
import { assertNoSecrets } from "../../../infra/ops/comment/secrets";
import { parsePreview } from "../../../infra/ops/plan/preview";

const read = (name: string): PreviewReport => {
  const file = join(projectRoot(), "test", "fixtures", "preview", `${name}.json`);
  return resolveReport(parsePreview(readFileSync(file, "utf8")));
};
const place = (limit: number): Place => ({
  limit,
  measure: (text) => text.length,
  announce: (missing, all) => `cut: ${missing} of ${all}`,
});
const comment = (name: string, limit = 65_000) =>
  renderDocument(previewDocument("dev", read(name)), place(limit));

describe("the comment of a recorded preview", () => {
  test("without changes is one quiet line below its marker", () => {
    expect(comment("unchanged").text).toBe(
      "<!-- pgstead:preview stack=dev -->\npgstead: stack `dev` has no changes.\n",
    );
  });

  test("begins with the marker, sums up by risk, and folds the SQL of each resource", () => {
    const { text, missing } = comment("changed");
    expect(missing).toBe(0);
    expect(text).toMatch(/^<!-- pgstead:preview stack=dev -->\n### pgstead: preview of stack `dev`\n/);
    expect(text).toContain("**12 statements** of 3 resources; 6 Pulumi resources change");
    const rows = [...text.matchAll(/^\| \**([a-z-]+)\** \| (\d+) \|/gm)].map(
      ([, risk, count]) => `${risk} ${count}`,
    );
    expect(rows).toEqual(["data-loss 1", "restart 1", "access 9", "none 1"]);
    expect(text).toContain(
      '<details><summary>Access promptforge (update): 2 statements: 1 data-loss</summary>\n\n```sql\nDROP SCHEMA "audit" CASCADE;  -- it left the configuration, with 1 table',
    );
    expect(text).toContain("-- left alone: membership of mallory`s in promptforge_owner: nobody declared it");
    expect(text).toMatch(/<summary>3 resources besides<\/summary>[^]*\ndelete Schema promptforge-audit\n/);
  });

  test("is the same whether plans were asked for as text or for programs", () => {
    // The server's own plan has steps: as text it counts actions.
    const words = (text: string): string =>
      text.replace(/\b1 action\b/, "1 statement").replace(" [restart]\n", "\n");
    expect(words(comment("changed-plan").text)).toBe(words(comment("changed").text));
  });

  test("of a new stack has every statement, and no secret", () => {
    const { text } = comment("new");
    expect(read("new").statements).toBeGreaterThan(30);
    expect(text).toContain("PASSWORD '[verifier]'");
    expect(() => {
      assertNoSecrets(text);
    }).not.toThrow();
  });

  test("that was refused says so first, and what to do", () => {
    const { text } = comment("refused");
    expect(read("refused").outcome).toBe("refused");
    expect(text.indexOf("**Refused: nothing of this will run** (1 refusal)")).toBeLessThan(
      text.indexOf("| risk |"),
    );
    expect(text).toContain('or allow the loss with pgstead:allowDataLoss: ["schema promptforge.audit"]');
    expect(text.match(/it left the configuration and is not empty/g)).toHaveLength(1);
  });

  test("that failed says what Pulumi said, and nothing of statements", () => {
    const { text } = comment("failed");
    expect(read("failed").outcome).toBe("failed");
    expect(text).toContain(
      "**The preview failed**\n\n```text\nthe configuration of stack dev is not usable:\n",
    );
    expect(text).toContain("hint: did you mean login?");
    expect(text).not.toContain("statements");
  });
});

describe("a plan that is longer than a comment", () => {
  test("keeps its head and what costs most, says what was cut, and stays below the limit", () => {
    const report = read("long");
    expect(report.statements).toBeGreaterThan(1000);
    const { text, missing } = comment("long");
    expect(text.length).toBeLessThanOrEqual(65_000);
    expect(text.length).toBeGreaterThan(60_000);
    expect(missing).toBeGreaterThan(100);
    expect(text).toMatch(new RegExp(`\\ncut: ${missing} of \\d+\\n`));
    expect(text).toContain("| **data-loss** | 1 |");
    expect(text).toContain('DROP SCHEMA "audit" CASCADE;'); // the last resource of the run
    expect(text).toMatch(/\n-- … and \d+ more\n```/);
    const shown = text.split("\n").filter((line) => line.includes(";  -- ")).length;
    expect(shown).toBeGreaterThan(500);
  });

  test("is whole where there is room for it", () => {
    const { text, missing } = comment("long", 1_000_000);
    expect(missing).toBe(0);
    expect(text).not.toContain("cut:");
  });

  const line = fc.record({
    text: fc.string({ maxLength: 400, unit: "binary" }),
    rank: fc.integer({ min: 0, max: 5 }),
  });
  const section = fc.record({
    title: fc.string({ maxLength: 100 }),
    language: fc.constantFrom("sql" as const, "text" as const),
    lines: fc.array(line, { minLength: 1, maxLength: 60 }),
  });

  test("never passes its limit, never loses its head, and counts what it lost, whatever it holds", () => {
    fc.assert(
      fc.property(
        fc.array(section, { maxLength: 8 }),
        fc.integer({ min: 200, max: 20_000 }),
        (sections, limit) => {
          const document = { marker: "<!-- m -->", head: "head", sections };
          const { text, missing } = renderDocument(document, place(limit));
          expect(text.length).toBeLessThanOrEqual(limit);
          expect(text.startsWith("<!-- m -->\nhead")).toBe(true);
          if (missing > 0) expect(text).toContain(`cut: ${missing} of `);
        },
      ),
    );
  });
});

describe("what stands in a comment", () => {
  const only = (section: Section): string =>
    renderDocument({ marker: "m", head: "h", sections: [section] }, place(10_000)).text;

  test("cannot end its block: the fence is longer than any run of backticks in it", () => {
    const text = only({ title: "t", language: "sql", lines: [{ text: 'DROP ROLE "````";', rank: 0 }] });
    expect(text).toContain('\n`````sql\nDROP ROLE "````";\n`````\n');
  });

  test("cannot be HTML or Markdown in a title", () => {
    const text = only({ title: "Access <b>@x_y`", language: "sql", lines: [{ text: "SELECT 1;", rank: 0 }] });
    expect(text).toContain("<summary>Access &#60;b&#62;&#64;x&#95;y&#96;</summary>");
  });

  test("counts a plan that was cut by the provider", () => {
    const text =
      "plan: 45 statements: 45 access\n  SELECT 1;  -- a [access]\n  … and 44 more; PGSTEAD_PLAN=full shows them all";
    const urn = "urn:pulumi:dev::p::pgstead:index:Access::server";
    const report = resolveReport({ changes: [], messages: [{ urn, severity: "info", text }] });
    expect(report).toMatchObject({ statements: 45, risks: { access: 45, none: 0 }, outcome: "planned" });
    expect(report.resources[0]?.lines).toEqual([
      "SELECT 1;  -- a [access]",
      "-- … and 44 more; PGSTEAD_PLAN=full shows them all",
    ]);
  });

  test("says that a server was not read, and keeps the plan that follows", () => {
    const urn = "urn:pulumi:dev::p::pgstead:index:Access::server";
    const texts = [
      "plan: compared with the state only: no answer",
      "plan: 0 statements; 1 refused\n  refused: a: b; c",
    ];
    const messages = texts.map((text) => ({ urn, severity: "info", text }));
    const report = resolveReport({ changes: [], messages });
    expect(report.unread).toEqual(["Access server: no answer"]);
    expect(report).toMatchObject({ outcome: "refused", refusals: ["a: b; c"] });
  });
});

describe("a preview without changes", () => {
  const urn = "urn:pulumi:dev::p::pgstead:index:Access::server";
  const of = (text: string): string =>
    renderDocument(
      previewDocument("dev", resolveReport({ changes: [], messages: [{ urn, severity: "info", text }] })),
      place(10_000),
    ).text;

  test("stays one quiet line where only things were found that are left alone, which are folded", () => {
    const text = of("plan: 0 statements\n  left alone: role carol: nobody declared it");
    expect(text).toContain(
      "\npgstead: stack `dev` has no changes. Left alone: 1 thing that nobody declared.\n\n<details>",
    );
    expect(text).toContain("-- left alone: role carol: nobody declared it");
  });

  test("is not called one where the server was not read", () => {
    const text = of("plan: compared with the state only: no answer");
    expect(text).not.toContain("no changes");
    expect(text).toContain(
      "**Compared with the state only**, not with the server\n\n```text\nAccess server: no answer",
    );
  });
});

describe("a secret in a comment is refused, and not repeated", () => {
  test.each([
    "ALTER ROLE \"a\" PASSWORD 'SCRAM-SHA-256$4096:salt$key:key'",
    "ALTER ROLE a PASSWORD 'hunter2'",
    "ALTER ROLE a PASSWORD 'md5d41d8cd98f00b204e9800998ecf8427e'",
    "postgresql://app:hunter2@db.example.com:5432/shop",
    "CREATE SUBSCRIPTION s CONNECTION 'host=a password=hunter2'",
    "pg_hba.conf: + host all all 10.0.0.0/8 ldap ldapserver=a ldapbindpasswd=hunter2",
    "-----BEGIN EC PRIVATE KEY-----",
  ])("%s", (text) => {
    const refuse = (): void => {
      assertNoSecrets(`before\n${text}\nafter`);
    };
    expect(refuse).toThrow("is not written");
    expect(refuse).not.toThrow(/hunter2|salt/);
  });

  test.each([
    "ALTER ROLE \"a\" PASSWORD '[verifier]'",
    "another password is made in this run",
    "ALTER SYSTEM SET \"password_encryption\" = 'scram-sha-256'",
    "https://github.com/owner/repository/actions/runs/1",
    "postgresql://app@db.example.com/shop",
    "postgresql://app:[secret]@db.example.com/shop",
  ])("but not: %s", (text) => {
    expect(() => {
      assertNoSecrets(text);
    }).not.toThrow();
  });
});

describe("what migrate lint found", () => {
  const finding = {
    class: "data-loss",
    rule: "drop-table",
    message: "drops app.a",
    file: "m/0002-a.sql",
    part: "up",
    line: 7,
  };
  const report = (change: object): string =>
    JSON.stringify({ command: "migrate lint", findings: [], data: lintData, ...change });
  const lintData = {
    directories: ["m"],
    migrations: [{}, {}],
    findings: [{ ...finding, acknowledged: { reason: "it is empty" } }],
    advice: [{ source: "squawk", rule: "r", message: "think", file: "m/0001-b.sql", line: 3 }],
  };
  const withLintOf = (text: string): string =>
    renderDocument(withLint(previewDocument("dev", read("unchanged")), parseLint(text)), place(65_000)).text;

  test("is in the same comment: what blocks in its head, the rest folded", () => {
    const blocked = {
      subject: "m/0003-c.sql:5",
      message: "lock (create-index): waits",
      hint: "write CONCURRENTLY",
    };
    const text = withLintOf(report({ findings: [blocked] }));
    expect(text).toContain(
      "**`migrate lint`: these keep migrations from being applied**\n\n```text\nm/0003-c.sql:5: lock (create-index): waits\n  hint: write CONCURRENTLY",
    );
    expect(text).toContain("m/0002-a.sql:7: data-loss (drop-table): drops app.a -- it is empty");
    expect(text).toContain("m/0001-b.sql:3: squawk (r): think");
  });

  test("blocks as well where the files are not usable, and is nothing where nothing is to be told", () => {
    const error = { title: "t", problems: [{ path: "m/x.sql", message: "is no name", hint: "call it" }] };
    expect(withLintOf(report({ data: undefined, error }))).toContain("m/x.sql: is no name");
    expect(withLintOf(report({ data: { ...lintData, findings: [], advice: [] } }))).toBe(
      comment("unchanged").text,
    );
    expect(withLintOf("{}")).toContain("the result of migrate lint cannot be read");
  });
});
