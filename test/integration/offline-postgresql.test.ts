import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { isSecret, type PropertyMap, type PropertyValue } from "../../components/providers/properties";
import { program } from "../fixtures/official-postgresql/program";
import { useOfflinePostgresql } from "../support/offline-postgresql";
import { ProviderStack } from "../support/provider-stack";

interface Recorded {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
}

interface RecordedStep {
  readonly op: string;
  readonly name: string;
  readonly diff: readonly string[];
  readonly replace?: readonly string[];
}

const fixture = (file: string): unknown =>
  JSON.parse(readFileSync(join(__dirname, "../fixtures/official-postgresql", `${file}.json`), "utf8"));

const recordedState = (step: number) => fixture(`state-${step}`) as readonly Recorded[];
const steps = fixture("steps") as Record<string, readonly RecordedStep[]>;

const offline = useOfflinePostgresql();

describe("the recorded program gives the answers of the official plugin", () => {
  // The recorded server's zone; the official plugin reads times in it.
  beforeAll(async () => {
    await offline.sql("ALTER SYSTEM SET timezone = 'UTC'");
    await offline.sql("SELECT pg_reload_conf()");
  });

  function expectRecorded(step: 1 | 2 | 3): void {
    const recorded = recordedState(step).filter(({ type }) => type.startsWith("postgresql:"));
    const found = [...offline.stack.entries.values()].map(({ id, name, token, inputs, state }) => ({
      id,
      name,
      type: token,
      inputs: unwrap(inputs),
      outputs: unwrap(state),
    }));
    const expected = recorded.map(({ id, name, type, inputs, outputs }) => ({
      id,
      name,
      type,
      inputs,
      outputs,
    }));
    const sorted = <Item extends { name: string; type: string }>(items: readonly Item[]) =>
      items.toSorted((a, b) => (`${a.type} ${a.name}` < `${b.type} ${b.name}` ? -1 : 1));
    expect(sorted(found)).toEqual(sorted(expected));
  }

  function expectSteps(found: readonly RecordedStep[], recorded: readonly RecordedStep[] | undefined): void {
    const plain = ({ op, name, diff, replace }: RecordedStep) => ({ op, name, diff, replace: replace ?? [] });
    expect(byName(found.map(plain))).toEqual(byName((recorded ?? []).map(plain)));
  }

  test("the provider's configuration stays as it is", async () => {
    const recorded = recordedState(1).find(({ type }) => type.startsWith("pulumi:"));
    const inputs = recorded?.inputs ?? {};
    expect(await offline.provider.checkConfig(inputs)).toEqual({ inputs, failures: [] });
    expect(recorded?.outputs).toEqual(inputs);
    expect(await offline.provider.diffConfig(inputs, inputs)).toMatchObject({ changed: false });
    expect(await offline.provider.diffConfig(inputs, { ...inputs, port: "5500" })).toMatchObject({
      changed: true,
      diffs: ["port"],
      replaces: [],
    });
  });

  test("step 1 makes everything, with the recorded inputs, outputs and ids", async () => {
    const made = await offline.stack.up(...program(1));
    expect(made.map(({ op }) => op)).toEqual(program(1).map(() => "create"));
    expectRecorded(1);
  });

  test("a second run of step 1, and a refresh, change nothing", async () => {
    expect(await offline.stack.up(...program(1))).toEqual([]);
    expect(await offline.stack.refresh()).toEqual([]);
    expectRecorded(1);
  });

  test("step 2 updates the recorded resources for the recorded properties", async () => {
    expectSteps(await offline.stack.up(...program(2)), steps["up 2"]);
    expectRecorded(2);
  });

  test("step 3 changes nothing", async () => {
    expectSteps(await offline.stack.up(...program(3)), steps["up 3"]);
    expectRecorded(3);
  });

  test("a refresh finds what was changed outside, as recorded", async () => {
    await offline.sql("ALTER ROLE shop_app CONNECTION LIMIT 7 NOLOGIN");
    await offline.sql("ALTER DATABASE shop CONNECTION LIMIT 9");
    await offline.sql("DROP SCHEMA audit", "shop");
    await offline.sql("DROP EXTENSION pg_trgm", "shop");
    expectSteps(await offline.stack.refresh(), steps["refresh after outside changes"]);
    expect(offline.stack.entry("Role/app").inputs).toMatchObject({ connectionLimit: 7, login: false });
  });

  test("the next run mends what the refresh found", async () => {
    const done = await offline.stack.up(...program(3));
    expect(byName(done).map(({ op, name, diff }) => `${op} ${name} ${diff.join(",")}`)).toEqual([
      "update app connectionLimit,login",
      "create audit ",
      "create pg_trgm ",
      "update shop connectionLimit",
    ]);
    expectRecorded(3);
  });

  test("an import by id gives inputs that differ in nothing from the object", async () => {
    const imported = new ProviderStack(offline.provider);
    for (const { name, token } of program(3)) {
      const { inputs } = await imported.import(
        token,
        name,
        offline.stack.entry(`${token.split(":").at(-1) ?? ""}/${name}`).id,
      );
      expect(await imported.diff({ name, token, inputs })).toMatchObject({ changed: false });
    }
    expect(unwrap(imported.entry("Role/app").inputs)).toEqual({
      __defaults: [],
      name: "shop_app",
      login: true,
      connectionLimit: 30,
      searchPaths: ["app", "public"],
      statementTimeout: 60000,
      idleInTransactionSessionTimeout: 60000,
    });
    expect(imported.entry("Database/shop").inputs).toEqual({
      __defaults: [],
      name: "shop",
      owner: "shop_owner",
      encoding: "UTF8",
      lcCollate: "C",
      lcCtype: "C",
      template: "template0",
      connectionLimit: 50,
      tablespaceName: "pg_default",
    });
    expect(imported.entry("Extension/pgcrypto").inputs).toEqual({
      __defaults: [],
      name: "pgcrypto",
      database: "shop",
      schema: "public",
      version: "1.3",
    });
  });

  test("destroy leaves nothing, also with rows and open sessions", async () => {
    const shop = await offline.server.connect("shop");
    await shop.query("CREATE TABLE public.kept AS SELECT 1 AS id");
    await offline.stack.destroy();
    await shop.close().catch(() => undefined); // ended by the server
    const left = await offline.sql(
      "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'shop%' UNION SELECT datname FROM pg_database WHERE datname = 'shop'",
    );
    expect(left).toEqual([]);
  });
});

/** As the recorded states write secrets. */
function unwrap(map: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(map).map(([name, value]) => [
      name,
      isSecret(value) ? { "<secret>": (value as { value: PropertyValue }).value } : value,
    ]),
  );
}

function byName<Item extends { readonly name: string }>(items: readonly Item[]): Item[] {
  return items.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
