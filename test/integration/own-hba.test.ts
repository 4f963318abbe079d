import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { completeRules } from "../../components/core/hba/check";
import { renderHba } from "../../components/core/hba/render";
import type { HbaRule } from "../../components/core/hba/rule";
import { eventually } from "../support/eventually";
import { hbaFile, hostBasedAccess, leftovers, loopback, managingRule } from "../support/hba";
import { plansOf, useOwnProvider } from "../support/own-provider";

const own = useOwnProvider();
let original: string;
const place = () => join(own.server.instance.dataDirectory, "pg_hba.conf");
const app: HbaRule = { ...loopback, database: ["postgres"], user: ["hba_app"], comment: "The application" };
const declared = (...rules: HbaRule[]) => hostBasedAccess(own.connection, rules);
const rendered = (...rules: HbaRule[]) => renderHba(completeRules(rules));
const reloadLine = (reason = "") =>
  `  SELECT pg_catalog.pg_reload_conf();  -- ${reason}after the server's own check of the file; kept once postgres has logged in anew, else taken back`;

/** By an editor on the server's host, and loaded. */
async function editByHand(change: (text: string) => string): Promise<void> {
  await writeFile(place(), change(await hbaFile(own.server)));
  await own.sql("SELECT pg_reload_conf()");
}

/** What the next preview shows, and that it shows a difference only there. */
async function preview(resource = declared(managingRule, app)): Promise<string[]> {
  const { changed } = await own.stack.diff(resource);
  expect(changed).toBe(true);
  return own.lastPlan();
}

beforeAll(async () => {
  original = await readFile(place(), "utf8");
  await own.sql("CREATE ROLE hba_app LOGIN PASSWORD 'app'");
});

beforeEach(async () => {
  own.stack.entries.clear();
  await own.stack.up(declared(managingRule, app));
});

afterEach(async () => {
  await writeFile(place(), original);
  await own.sql("SELECT pg_reload_conf()");
});

const loginAs = async (user: string, password: string, database = "postgres"): Promise<string> => {
  try {
    const session = await own.server.connect(database, { user, password });
    await session.close();
    return "in";
  } catch (error) {
    return String(error);
  }
};

describe("what is declared", () => {
  test("is written in its order, below its comments, is in force, and the next preview is empty", async () => {
    expect(await hbaFile(own.server)).toBe(rendered(managingRule, app));
    expect(await hbaFile(own.server)).toContain("\n# The application\nhost     postgres         hba_app");
    expect(await loginAs("hba_app", "app")).toBe("in");
    expect(await loginAs("hba_app", "app", "template1")).toMatch(/pg_hba.conf rejects connection/);
    expect(await own.stack.diff(declared(managingRule, app))).toMatchObject({ changed: false });
  });

  test("leaves a file for the server's account alone, and nothing else", async () => {
    expect((await stat(place())).mode & 0o777).toBe(0o600);
    expect(await leftovers(own.server)).toEqual([]);
    expect(await own.sql("SELECT FROM pg_largeobject_metadata")).toEqual([]);
  });

  test("is shown as a diff of rules before it is done, with those whom it cuts off", async () => {
    const before = await hbaFile(own.server);
    const logins = [{ name: "postgres", logins: ["hba_app", "postgres"] }];
    const rules = [
      managingRule,
      { ...app, type: "hostssl" as const, address: "10.0.0.0/8", user: ["other"] },
    ];
    expect(await preview(hostBasedAccess(own.connection, rules, { logins }))).toEqual([
      "  pg_hba.conf: - host postgres hba_app 127.0.0.1/32 scram-sha-256  -- line 7: it is not declared, or not at this place [access]",
      "  pg_hba.conf: + hostssl postgres other 10.0.0.0/8 scram-sha-256  -- The application [access]",
      `${reloadLine()}; these cannot log in from anywhere then: hba_app (to postgres) [access]`,
    ]);
    expect(await hbaFile(own.server)).toBe(before);
  });

  test("is written again where a comment of it changed, and only then", async () => {
    const changed = declared(managingRule, { ...app, comment: "The application\nand its jobs" });
    expect(await preview(changed)).toEqual([
      "  pg_hba.conf: write it again  -- its comments changed",
      `${reloadLine()} [access]`,
    ]);
    expect(await own.stack.up(changed)).toHaveLength(1);
    expect(await hbaFile(own.server)).toContain("\n# The application\n# and its jobs\nhost ");
    expect(await own.stack.up(changed)).toEqual([]);
  });
});

describe("a hand edit is found by a plain preview and mended by up", () => {
  afterEach(async () => {
    expect(await own.stack.up(declared(managingRule, app))).toHaveLength(1);
    expect(await hbaFile(own.server)).toBe(rendered(managingRule, app));
    expect(await own.stack.up(declared(managingRule, app))).toEqual([]);
  });

  test("a rule that was added", async () => {
    await editByHand((text) => text.replace("\nhost", "\nhost all all 0.0.0.0/0 trust\nhost"));
    expect(await preview()).toEqual([
      "  pg_hba.conf: - host all all 0.0.0.0/0 trust  -- line 5: it is not declared, or not at this place [access]",
      `${reloadLine()} [access]`,
    ]);
  });

  test("a rejection that was added says what its end means", async () => {
    await editByHand((text) => `host all evil all reject\n${text}`);
    expect((await preview())[0]).toBe(
      "  pg_hba.conf: - host all evil all reject  -- line 1: it is not declared; whom it kept out may come in again [access]",
    );
  });

  test("a rule that was removed, and one that changed its place", async () => {
    await editByHand((text) => {
      const lines = text.split("\n");
      const at = (word: string) => lines.findIndex((line) => line.startsWith("host") && line.includes(word));
      const [moved] = lines.splice(at("hba_app"), 1);
      return [moved, ...lines.filter((line) => !line.startsWith("local"))].join("\n");
    });
    expect(await preview()).toEqual([
      "  pg_hba.conf: - host postgres hba_app 127.0.0.1/32 scram-sha-256  -- line 1: it is not declared, or not at this place [access]",
      "  pg_hba.conf: + host postgres hba_app 127.0.0.1/32 scram-sha-256  -- The application [access]",
      "  pg_hba.conf: + local all,replication all reject  -- Nobody else. [access]",
      `${reloadLine()} [access]`,
    ]);
  });

  test("a line that the server does not take, which it would not start with", async () => {
    await editByHand((text) => `${text}host all all all scram\n`);
    const line = (await hbaFile(own.server)).split("\n").length - 1;
    expect(await preview()).toEqual([
      `  pg_hba.conf: - host all all all scram  -- line ${line}: invalid authentication method "scram" [access]`,
      `${reloadLine()} [access]`,
    ]);
  });

  test("a file that is gone", async () => {
    await rm(place());
    const plan = await preview();
    expect(plan).toHaveLength(5);
    expect(plan.at(-1)).toBe(`${reloadLine("the file is gone; ")} [access]`);
  });

  test("another file that the rules are read from", async () => {
    await editByHand((text) => `include_if_exists more.conf\n${text}`);
    expect((await preview())[0]).toBe(
      "  pg_hba.conf: - include_if_exists more.conf  -- line 1: include_if_exists reads another file [access]",
    );
  });

  test("a password in a rule is not shown", async () => {
    await editByHand(
      (text) => `host all all all ldap ldapserver=h ldapbindpasswd=hushhush ldapprefix=a\n${text}`,
    );
    const plan = (await preview()).join("\n");
    expect(plan).toContain("ldapbindpasswd=***");
    expect(plansOf(own.provider).join("\n")).not.toContain("hushhush");
  });

  test("rules that are right and were not loaded", async () => {
    const text = await hbaFile(own.server);
    // The time of a file is whole seconds: it has to be another one than that of the last load.
    await eventually("the file is newer than what is loaded", async () => {
      await writeFile(place(), text);
      const [row] = await own.sql(
        `SELECT (pg_stat_file(current_setting('hba_file'))).modification > pg_conf_load_time() AS newer`,
      );
      return row?.newer === true ? true : undefined;
    });
    expect(await preview()).toEqual([
      `${reloadLine("the server had loaded the file before it was changed; ")} [access]`,
    ]);
  });

  test("what a crash of the server left between a new file and its proof", async () => {
    await writeFile(`${place()}.pgstead-previous`, original);
    expect((await preview())[0]).toBe(
      "  pg_hba.conf: write it again  -- a run ended before it had proven the rules with a login [access]",
    );
  });
});

test("comments, blanks and quotes that somebody adds are no drift", async () => {
  await editByHand((text) =>
    text
      .replaceAll("\nhost ", '\n\n# by hand\n"host"   ')
      .replaceAll("127.0.0.1/32", "127.0.0.1 255.255.255.255")
      .replaceAll("hba_app", '"hba_app"   \\\n '),
  );
  expect(await own.stack.diff(declared(managingRule, app))).toMatchObject({ changed: false });
  expect(await loginAs("hba_app", "app")).toBe("in");
});
