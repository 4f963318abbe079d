import { execFile, execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { projectRoot } from "../../components/io/places";
import { cacheHome } from "../../infra/toolchain/context";
import { withLock } from "../../infra/toolchain/install";

/** What an application of these tests is built of, from PyPI. */
export const requirements = ["alembic==1.16.5", "SQLAlchemy==2.0.43", "psycopg[binary]==3.2.10"] as const;

/** The application of the tests: three revisions, and the models that they make. */
export const applicationFixture = join(projectRoot(), "test", "fixtures", "alembic");

/** Whether this machine can run an application: where it cannot, tier docker does with Debian's Python. */
export const hasPython = ((): boolean => {
  try {
    execFileSync("python3", ["-m", "pip", "--version"], { stdio: "ignore" });
    return true;
  } catch {
    console.error("pgstead: Alembic on this machine is not tested: it needs python3 with pip");
    return false;
  }
})();

/**
 * Directory of Python's packages that an application of the tests has, for `PYTHONPATH`: kept outside of the checkout,
 * so that the next run does not get them again.
 */
export async function applicationPackages(): Promise<string> {
  const home = join(cacheHome(process.env), "alembic-tests");
  const { stdout } = await promisify(execFile)("python3", [
    "-c",
    "import sys; print('%d.%d' % sys.version_info[:2])",
  ]);
  const place = join(home, `${requirements.join("-").replace(/[^A-Za-z0-9.-]+/g, "-")}-py${stdout.trim()}`);
  return withLock(join(home, "lock"), async () => {
    if (await isThere(place)) return place;
    const draft = await mkdtemp(join(home, "draft-"));
    const args = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", draft];
    try {
      await promisify(execFile)("python3", [...args, ...requirements]);
      await rename(draft, place);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
    return place;
  });
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A copy of the application that a test may change. */
export interface Application {
  readonly directory: string;
  /** Writes a revision on top of another one. */
  revise(revision: Revision): Promise<void>;
  /** Takes the files away whose names begin so. */
  forget(begin: string): Promise<void>;
  /** Changes a file. */
  edit(file: string, change: (text: string) => string): Promise<void>;
}

export interface Revision {
  readonly id: string;
  readonly name: string;
  readonly down: string | readonly string[] | null;
  /** Lines of Python. */
  readonly upgrade: readonly string[];
  readonly downgrade?: readonly string[];
}

/** Puts a copy into a directory, which the caller removes. */
export async function copyApplication(directory: string): Promise<Application> {
  await mkdir(directory, { recursive: true });
  await cp(applicationFixture, directory, { recursive: true });
  const versions = join(directory, "migrations", "versions");
  return {
    directory,
    revise: (revision) =>
      writeFile(join(versions, `${revision.id}_${revision.name}.py`), revisionText(revision)),
    async forget(id) {
      const files = await readdir(versions);
      await Promise.all(files.filter((file) => file.startsWith(id)).map((file) => rm(join(versions, file))));
    },
    async edit(file, change) {
      const path = join(directory, file);
      await writeFile(path, change(await readFile(path, "utf8")));
    },
  };
}

/** The text of a revision's file: its statements begin on line 11. */
export function revisionText({ name, id, down, upgrade, downgrade = ["pass"] }: Revision): string {
  const body = (lines: readonly string[]): string => lines.map((line) => `    ${line}\n`).join("");
  return (
    `"""${name}"""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\nrevision = "${id}"\n` +
    `down_revision = ${JSON.stringify(down).replace("null", "None")}\n\n\n` +
    `def upgrade() -> None:\n${body(upgrade)}\n\ndef downgrade() -> None:\n${body(downgrade)}`
  );
}
