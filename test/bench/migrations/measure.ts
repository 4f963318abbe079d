import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Checkout } from "../../support/checkout";
import type { Subject } from "../engine";
import { compare, ratio, type Comparison, type Figures } from "../figures";
import { say } from "../progress";
import { makeReal } from "../subjects";
import { up } from "../turns";

const counts = [10, 1_000] as const;
const preview = "preview with migrations, no change";
const status = "migrate status";

/** What nothing pending costs: a stack of many migrations against one of few, in turns. */
export async function measureMigrations(
  runs: number,
  keep: (subject: Subject) => Subject,
): Promise<{ figures: Figures[]; comparisons: Comparison[] }> {
  const stacks: Awaited<ReturnType<typeof makeReal>>[] = [];
  for (const count of counts) {
    say(`applying ${count} migrations`);
    const real = await makeReal(`${count} migrations`, (checkout) => writeMigrations(checkout, count));
    keep(real.subject);
    await real.subject.time(...up);
    stacks.push(real);
  }
  const figures = [preview, status].flatMap((command) =>
    stacks.map(({ subject }) => ({ command, subject: subject.name, seconds: [] as number[] })),
  );
  for (let run = 0; run <= runs; run += 1) {
    say(run === 0 ? `${preview}: warming up` : `… run ${run} of ${runs}`);
    for (const { subject, checkout } of stacks) {
      const taken: Readonly<Record<string, number>> = {
        [preview]: await subject.time("preview", "--non-interactive", "--expect-no-changes"),
        [status]: await timeStatus(checkout),
      };
      for (const figure of figures.filter((one) => one.subject === subject.name && run > 0)) {
        figure.seconds.push(taken[figure.command] ?? 0);
      }
    }
  }
  const [few, many] = counts.map((count) => `${count} migrations`);
  const comparisons = [preview, status].map((command) =>
    compare(
      `${command}: ${many ?? ""} / ${few ?? ""}`,
      ratio(figures, command, many ?? "", few ?? ""),
      "times",
      1.5,
    ),
  );
  return { figures, comparisons };
}

/** Each a table with its way back, as most are. */
async function writeMigrations({ directory }: Checkout, count: number): Promise<void> {
  const place = join(directory, "sql", "migrations");
  await mkdir(place, { recursive: true });
  for (let number = 1; number <= count; number += 1) {
    const header = "-- why: a benchmark\n-- data: none\n-- rollback: all of it\n-- performance: small\n";
    const up = `CREATE TABLE app.part_${number} (id bigint PRIMARY KEY, body text);`;
    const text = `${header}-- migrate:up\n${up}\n-- migrate:down\nDROP TABLE app.part_${number};\n`;
    await writeFile(join(place, `${String(number).padStart(4, "0")}-part-${number}.sql`), text);
  }
}

async function timeStatus(checkout: Checkout): Promise<number> {
  const started = performance.now();
  await checkout.run("infra/ops/cli.ts", ["migrate", "status"]);
  return (performance.now() - started) / 1_000;
}
