import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { joinMask } from "../../components/core/hba/address";
import { parseHba } from "../../components/core/hba/parse";
import { renderHba } from "../../components/core/hba/render";
import { databaseKeywords, nameWord, parseWord, userKeywords } from "../../components/core/hba/word";
import type { Session } from "../../components/io/session";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let session: Session;
const write = (text: string) => writeFile(join(server.instance.dataDirectory, "pg_hba.conf"), text);

beforeAll(async () => {
  server = await startServer();
  session = await server.connect();
});

afterAll(async () => {
  await session.close();
  await server.stop();
});

interface ServerRule {
  readonly line: number;
  readonly type: string | null;
  readonly database: string[] | null;
  readonly user: string[] | null;
  readonly address: string | null;
  readonly netmask: string | null;
  readonly method: string | null;
  readonly options: string[] | null;
  readonly error: string | null;
}

/** The file as PostgreSQL reads it. */
async function readByServer(text: string): Promise<ServerRule[]> {
  await write(text);
  return session.query<ServerRule & Record<string, unknown>>(`
    SELECT line_number AS line, type, database, user_name AS user, address, netmask, auth_method AS method,
      options, error FROM pg_hba_file_rules ORDER BY rule_number NULLS LAST, line_number`);
}

/** A word without its quotes, as `pg_hba_file_rules` shows it. */
function plain(word: string, keywords: readonly string[]): string {
  const meaning = parseWord(word, keywords);
  if (meaning.kind === "name") return meaning.name;
  return meaning.kind === "group" ? `+${meaning.group}` : word;
}

function comparable(text: string) {
  return parseHba(text)
    .map(({ line, rule, fault }) => {
      if (rule === undefined) return { line, fault: fault !== undefined };
      return {
        line,
        type: rule.type,
        database: rule.database.map((word) => plain(word, databaseKeywords)),
        user: rule.user.map((word) => plain(word, userKeywords)),
        address: rule.address,
        // PostgreSQL makes peer of ident where there is no network.
        method: rule.type === "local" && rule.method === "ident" ? "peer" : rule.method,
        options: Object.entries(rule.options ?? {})
          .map(([name, value]) => `${name}=${value}`)
          .toSorted(),
      };
    })
    .toSorted((a, b) => a.line - b.line);
}

async function comparableByServer(text: string) {
  const rules = await readByServer(text);
  return rules
    .map((rule) => {
      const { line, type, database, user, address, netmask, method, options, error } = rule;
      if (error !== null && !error.includes("cannot match because")) return { line, fault: true };
      const network = netmask === null ? (address ?? undefined) : joinMask(address ?? "", netmask);
      return { line, type, database, user, address: network, method, options: (options ?? []).toSorted() };
    })
    .toSorted((a, b) => a.line - b.line);
}

describe("a file is read as PostgreSQL reads it", () => {
  test.each([
    ["tabs, blanks and commas", "host \t all ,, all,x , y 127.0.0.1/32\tscram-sha-256  \r\n"],
    ["a mask of its own", "host all all 192.168.0.0 255.255.0.0 scram-sha-256"],
    ["a mask with holes", "host all all 10.0.5.0 255.0.255.0 reject"],
    ["bits beyond the mask", "host all all 192.168.7.9/16 scram-sha-256"],
    [
      "IPv6",
      "host all all ::1/128 trust\nhost all all fe80::/10 reject\nhost all all 2001:DB8::1 ffff:: reject",
    ],
    [
      "words of the address",
      "host all all samehost trust\nhost all all samenet trust\nhost all all all reject",
    ],
    [
      "a host name",
      'host all all db.example.org reject\nhost all all .example.org reject\nhost all all "all" reject',
    ],
    ["quoted words", 'local "all","x,y" "my role","a""b",+"a group",pre"fix" scram-sha-256'],
    ["quoted fields", '"host" "replication" "all" "127.0.0.1/32" "reject"'],
    ["an empty name", 'local "" all reject'],
    ["comments", "# all\nlocal all all reject # and why\nlocal all all reject#no blank\n  # more"],
    ["a sign in quotes", 'local "a#b" all reject'],
    [
      "lines that go on",
      "local \\\n  all all \\\n\n # a comment that goes \\\nlocal all all trust\nlocal all all peer",
    ],
    ["a last line that goes on", "local all all reject \\"],
    [
      "options",
      'local all all peer map=a\nhost all all all ident map="my map"\nhost all all all ident "map=a""b" map=c',
    ],
    ["a regular expression", "local /^db_.*$ /^.*$ reject"],
    ["a type that is none", "hosts all all all trust\nLOCAL all all trust"],
    [
      "missing fields",
      "local\nlocal all\nlocal all all\nhost all all\nhost all all 10.0.0.1\nhost all all all",
    ],
    ["an address without a mask", "host all all 10.0.0.1 scram-sha-256"],
    [
      "masks that are none",
      "host all all 10.0.0.0/33 reject\nhost all all 10.0.0.0/x reject\nhost all all ::/129 reject",
    ],
    [
      "several values",
      "host,local all all all reject\nhost all all 10.0.0.0/8,::/0 reject\nlocal all all reject,trust",
    ],
    ["a method that is none", "local all all SCRAM-SHA-256\nlocal all all x"],
    ["a method in the wrong place", "host all all all peer\nhost all all all cert\nlocal all all gss"],
    ["options that are none", "local all all peer x=1\nlocal all all peer map\nlocal all all trust map=x"],
    [
      "a client certificate",
      "hostssl all all all scram-sha-256 clientcert=verify-full\nhost all all all trust clientcert=verify-ca",
    ],
    ["the old word for a role's own database", "local samegroup,samerole,sameuser all reject"],
  ])("%s", async (_what, text) => {
    expect(comparable(text)).toEqual(await comparableByServer(text));
  });

  test("whatever names and comments are written", async () => {
    const name = fc.string({ unit: "binary", minLength: 1, maxLength: 20 }).filter(isName);
    const rule = fc.record({
      type: fc.constantFrom("local" as const),
      database: fc.array(
        name.map((text) => nameWord(text, databaseKeywords)),
        { minLength: 1, maxLength: 3 },
      ),
      user: fc.array(
        name.map((text) => nameWord(text, userKeywords)),
        { minLength: 1, maxLength: 3 },
      ),
      method: fc.constantFrom("reject" as const, "scram-sha-256" as const),
      comment: fc.string({ unit: fc.constantFrom("a", "\\", "\n", "\r", "#", '"', " ") }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(rule, { minLength: 1, maxLength: 4 }), async (rules) => {
        const text = renderHba(rules);
        const found = parseHba(text).map((line) => line.rule);
        expect(found).toEqual(rules.map(({ comment: _comment, ...rest }) => rest));
        expect(comparable(text)).toEqual(await comparableByServer(text));
      }),
      { numRuns: 100 },
    );
  });
});

/** Names that a line can hold; a slash in front makes an expression, whatever the quotes say. */
function isName(text: string): boolean {
  return !/\p{Cc}|\p{Cs}/u.test(text) && !text.startsWith("/");
}
