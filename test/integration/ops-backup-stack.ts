import { appendFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { backupTestDirectory } from "../../components/io/places";
import { findMatchingTools } from "../support/client-tools";
import { migrationText } from "../unit/core/migrations/judged";
import { deployStack, runNode, type DeployedStack, type OpsOutput } from "./ops-stack";

/** A stack with a verified backup of 2,000 rows at its first migration, and two more that are pending. */
export interface BackupStack {
  readonly stack: DeployedStack;
  /** Directory of the migrations; views may lie beside it. */
  readonly directory: string;
  readonly repository: string;
  /** Name of the backup. */
  readonly backup: string;
  /** Environment with the client programs. */
  readonly env: NodeJS.ProcessEnv;
  readonly change: (sql: string) => Promise<Record<string, unknown>[]>;
  readonly write: (file: string, up: string, parts?: { down?: string }) => Promise<void>;
  readonly ops: (...args: readonly string[]) => Promise<OpsOutput>;
  /** `migrate test --json`, by default from the newest backup. */
  readonly test: (...args: readonly string[]) => Promise<TestDocument>;
  /** Places of servers that are there. */
  readonly leftovers: () => Promise<string[]>;
}

export interface TestDocument {
  readonly status: string;
  readonly data: {
    readonly applied: readonly string[];
    readonly reversed: readonly string[];
    readonly remarks: readonly { readonly message: string }[];
    readonly backup: {
      readonly name: string;
      readonly head: string | null;
      readonly notes: readonly string[];
      readonly runs: readonly {
        readonly files: readonly string[];
        readonly direction: string;
        readonly durationMs: number | null;
        readonly locks: readonly { readonly table: string; readonly mode: string; readonly heldMs: number }[];
        readonly rewritten: readonly string[];
      }[];
      readonly tables: readonly object[];
    };
  };
  readonly findings: readonly {
    readonly subject: string;
    readonly message: string;
    readonly hint: string;
  }[];
  readonly error?: {
    readonly title: string;
    readonly problems: readonly { readonly message: string; readonly hint: string }[];
  };
}

const retype = (type: string): string => `ALTER TABLE api.orders ALTER COLUMN total TYPE ${type};`;
const allow = (rule: string): string => `-- pgstead:allow ${rule} reason="a test"\n`;

/** The stack for all tests of a file. */
export function useBackupStack(): BackupStack {
  const own = { stack: undefined as unknown as DeployedStack, home: "", backup: "" };
  const bench: BackupStack = {
    get stack() {
      return own.stack;
    },
    get directory() {
      return join(own.home, "migrations");
    },
    get repository() {
      return join(own.home, "backups");
    },
    get backup() {
      return own.backup;
    },
    get env() {
      return { ...process.env, PATH: `${findMatchingTools()}:${process.env.PATH ?? ""}` };
    },
    async change(sql) {
      const session = await own.stack.server.connect("shop");
      return session.query(sql).finally(() => session.close());
    },
    write: (file, up, parts) => writeFile(join(bench.directory, file), migrationText(up, parts)),
    ops: (...args) => runNode("test/integration/ops-entry.ts", [own.stack.root, ...args], bench.env),
    async test(...args) {
      const wanted = args.length === 0 ? ["--from-backup"] : args;
      const words = ["migrate", "test", "--json", "--dir", bench.directory, ...wanted];
      const { stdout, stderr } = await bench.ops(...words);
      if (stdout === "") throw new Error(stderr);
      const document = JSON.parse(stdout) as TestDocument;
      if (document.error !== undefined) throw new Error(stdout);
      return document;
    },
    leftovers: () => readdir(backupTestDirectory(bench.repository)).catch(() => []),
  };
  beforeAll(async () => {
    own.stack = await deployStack();
    own.home = await mkdtemp(join(tmpdir(), "pgstead-from-backup-"));
    await fill(bench);
    const { stdout } = await bench.ops("backup", "--json");
    const { data } = JSON.parse(stdout) as { data: { taken: { name: string }[] } };
    own.backup = data.taken[0]?.name ?? "";
  }, 240_000);
  afterAll(async () => {
    await own.stack.remove();
    await rm(own.home, { recursive: true, force: true });
    await rm(backupTestDirectory(bench.repository), { recursive: true, force: true });
  });
  return bench;
}

async function fill({ stack, directory, repository, change, write, ops }: BackupStack): Promise<void> {
  await mkdir(directory);
  const declared = `{ directory: "${repository}", logical: { keep: { days: 1 } } }`;
  await appendFile(join(stack.root, "Pulumi.dev.yaml"), `  pgstead:backup: ${declared}\n`);
  await change(
    "GRANT shop_owner TO shop_migrator WITH INHERIT FALSE, SET TRUE; ALTER ROLE shop_migrator SET role = shop_owner",
  );
  await change("DROP VIEW api.recent; DROP TABLE api.orders; DROP FUNCTION api.one()");
  await write("0001-orders.sql", "CREATE TABLE api.orders (id int PRIMARY KEY, mail text, total int);", {
    down: "DROP TABLE api.orders;",
  });
  await write("0002-total.sql", `${allow("change-type")}${retype("bigint")}`, {
    down: `${allow("narrow-type")}${allow("change-type")}${retype("int")}`,
  });
  await write("0003-state.sql", "ALTER TABLE api.orders ADD COLUMN state text NOT NULL DEFAULT 'new';", {
    down: "ALTER TABLE api.orders DROP COLUMN state;",
  });
  expect((await ops("migrate", "upgrade", "0001", "--yes", "--dir", directory)).exitCode).toBe(0);
  // One address twice: as rows are, and no made-up ones.
  await change(
    "INSERT INTO api.orders SELECT n, 'customer' || greatest(n, 2) || '@example.com', n FROM generate_series(1, 2000) AS n",
  );
}
