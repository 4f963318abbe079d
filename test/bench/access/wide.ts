import { parseConnectionUri } from "../../../components/core/connection";
import { openSession } from "../../../components/io/session";
import type { Checkout } from "../../support/checkout";
import type { Subject } from "../engine";
import type { Comparison, Figures } from "../figures";
import { compare, ratio } from "../figures";
import { makeInstant, makeReal } from "../subjects";
import { benchConfig, schemaContent, schemaNames } from "./fixture";

const command = "preview, no change";
const preview = ["preview", "--non-interactive", "--expect-no-changes"];

/** What a preview without changes costs where 20 schemas and 5 roles share 2,000 privileges. */
export async function measureWide(
  empty: Subject,
  runs: number,
  keep: (subject: Subject) => Subject,
): Promise<{ figures: Figures[]; comparisons: Comparison[] }> {
  const real = await makeReal("stack of 2,000 privileges", configureWide);
  keep(real.subject);
  const instant = keep({ ...(await makeInstant(configureWide)), name: "its twin with instant providers" });
  await bringUp(real.checkout, real.subject);
  await instant.time("up", "--yes", "--non-interactive");
  const subjects = [real.subject, instant, empty];
  const figures = subjects.map(({ name }) => ({ command, subject: name, seconds: [] as number[] }));
  for (let run = 0; run <= runs; run += 1) {
    for (const [index, subject] of subjects.entries()) {
      const taken = await subject.time(...preview);
      if (run > 0) figures[index]?.seconds.push(taken);
    }
  }
  const versus = ({ name }: Subject, aim: number): Comparison =>
    compare(
      `${command}: ${real.subject.name} / ${name}`,
      ratio(figures, command, real.subject.name, name),
      "times",
      aim,
    );
  return { figures, comparisons: [versus(instant, 1.3), versus(empty, 2.2)] };
}

async function configureWide(checkout: Checkout): Promise<void> {
  await checkout.configure(["pgstead:database", "schemas"], benchConfig.schemas);
  await checkout.configure(["pgstead:roles"], benchConfig.roles);
}

/** The objects come from a migration: made by hand in between, then granted by the second run. */
async function bringUp(checkout: Checkout, subject: Subject): Promise<void> {
  await subject.time("up", "--yes", "--non-interactive");
  const { uris } = await checkout.outputs<{ readonly uris: Readonly<Record<string, string>> }>();
  const { database, ...target } = parseConnectionUri(uris.migrator ?? "");
  const session = await openSession(target, { database });
  for (const schema of schemaNames) await session.query(schemaContent(schema).join("; "));
  await session.close();
  await subject.time("up", "--yes", "--non-interactive");
}
