import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { planSamples } from "../../components/core/operations/sample-tables";
import { applyStatements } from "../../components/io/apply";
import { readSamplePlace } from "../../components/io/catalog/samples";
import { connectDocker } from "../../components/io/docker/engine";
import { takeSample } from "../../components/io/samples/take";
import { deployWatched, type WatchedStack } from "../integration/ops-watched-stack";
import { browse } from "../support/browser";
import { expectWhole, views } from "../support/seen-page";

const docker = connectDocker({});
const name = `pgt-browser-${randomBytes(4).toString("hex")}`;
const minute = 60_000;
const hostile = `</script><script>document.title = 'taken'</script><img src="http://192.0.2.1/x" onerror="document.title = 'taken'">`;
const quoted = `"${hostile.slice(0, 60).replaceAll('"', '""')}"`;

const settings = `config:
  pgstead:disposable: true
  pgstead:database: { name: shop, extensions: [pg_trgm, pg_stat_statements], schemas: { api: {} } }
  pgstead:roles:
    app: { login: true, connectionLimit: 40 }
    monitor: { login: true, profile: monitor }
  pgstead:monitoring: { samples: true }
`;

let stack: WatchedStack;
let page: string;

beforeAll(async () => {
  stack = await deployWatched("{}", { shared_preload_libraries: "pg_stat_statements" });
  await writeFile(join(stack.root, "Pulumi.dev.yaml"), settings);
  const session = await stack.server.connect("shop");
  await session.query(
    `CREATE EXTENSION pg_stat_statements SCHEMA public; CREATE ROLE ${quoted};
     CREATE TABLE api.${quoted} AS SELECT i, repeat('x', 500) AS body FROM generate_series(1, 20000) AS i;
     CREATE INDEX one ON api.${quoted} (i); CREATE INDEX two ON api.${quoted} (i)`,
  );
  await applyStatements(session, planSamples(await readSamplePlace(session), "shop").statements);
  const now = Date.now();
  for (let ago = 23 * 60; ago > 0; ago -= 30) {
    await session.query(`SELECT count(*) AS ${quoted} FROM generate_series(1, ${(ago % 7) * 5_000 + 1_000})`);
    await takeSample(session, {
      now: new Date(now - ago * minute),
      volume: { bytes: 100_000_000_000, freeBytes: 20_000_000_000 + ago * 10_000_000 },
    });
  }
  await session.close();
  const file = join(stack.root, "page.html");
  await stack.run(["report", "--html", "--out", file]);
  page = await readFile(file, "utf8");
}, 300_000);

afterAll(async () => {
  await stack.remove();
});

test("the page needs no network and no script, draws every chart, and fits a screen, a phone and paper", async () => {
  const seen = await browse(docker, name, page, views);
  expectWhole(seen);
  expect(seen[0]?.title).toMatch(/^PostgreSQL of stack dev, \d{4}-/);
  expect(seen[0]?.drawn.length).toBeGreaterThanOrEqual(8);
}, 900_000);

test("what would get through as HTML is refused by the page's own policy, and the browser says so", async () => {
  const attacked = page.replace("<main>", `<main>${hostile}<p style="color: red">`);
  const [seen] = await browse(docker, name, attacked, [{ name: "attacked", width: 1280 }]);
  expect(seen?.title).toMatch(/^PostgreSQL of stack dev/);
  expect(seen?.told.filter((one) => one.includes("Content Security Policy")).length).toBeGreaterThanOrEqual(
    3,
  );
}, 300_000);
