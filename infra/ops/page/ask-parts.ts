import type { Finding } from "../../../components/core/finding";
import { ServerUnreachableError } from "../../../components/io/session";
import type { CommandContext } from "../command";
import { describeFailure } from "../failure";
import type { Failure } from "../report";
import type { PlacedTable, SectionName } from "./placed";
import type { WholeReportData, Untold } from "./model";
import type { ReportPart } from "./parts";

/** What all parts gave together. */
export interface PartAnswers {
  readonly findings: readonly Finding[];
  readonly tables: readonly PlacedTable[];
  readonly untold: readonly { readonly section: SectionName; readonly untold: Untold }[];
  readonly asked: WholeReportData["asked"];
  /** Why the server could not be asked at all; undefined: it could. */
  readonly away?: Failure;
}

/**
 * Asks one part after the other. One that fails is told as such, and the others are asked all the same; a server that
 * is away is not waited for again and again.
 */
export async function askParts(parts: readonly ReportPart[], context: CommandContext): Promise<PartAnswers> {
  const findings: Finding[] = [];
  const tables: PlacedTable[] = [];
  const untold: { section: SectionName; untold: Untold }[] = [];
  const asked: { command: string; findings: number | null }[] = [];
  let away: Failure | undefined;
  for (const part of parts) {
    const answer = part.needsServer && away !== undefined ? { failure: away } : await ask(part, context);
    if ("failure" in answer) {
      const { failure } = answer;
      if (answer.isAway === true) away = failure;
      const one = untoldOf(part, failure);
      untold.push({ section: part.section, untold: one });
      asked.push({ command: part.command, findings: null });
      // What is not declared is none; what is missing is worth a look.
      if (failure.status !== "usage" && part.isExpected && failure !== away) findings.push(findingOf(one));
      continue;
    }
    findings.push(...answer.findings.filter(({ subject }) => !isTold(part.checks?.[subject], findings)));
    tables.push(...answer.tables);
    asked.push({ command: part.command, findings: answer.findings.length });
  }
  return { findings: distinct(findings), tables, untold, asked, ...(away === undefined ? {} : { away }) };
}

type Answer = Awaited<ReturnType<ReportPart["run"]>>;

async function ask(
  part: ReportPart,
  context: CommandContext,
): Promise<Answer | { readonly failure: Failure; readonly isAway?: boolean }> {
  try {
    return await context.progress(`asking: ${part.command}`, part.run(context));
  } catch (error) {
    const failure = describeFailure(error, context.stack);
    return { failure, isAway: part.needsServer && error instanceof ServerUnreachableError };
  }
}

function untoldOf({ command }: ReportPart, { title, problems, status }: Failure): Untold {
  const [first] = problems;
  const reason = problems
    .map(({ path, message }) => (path === "" ? message : `${path}: ${message}`))
    .join("; ");
  const what = `\`npm run ops -- ${command}\``;
  return { what, reason: `${title}: ${reason}`, hint: first?.hint ?? "", isFine: status === "usage" };
}

function findingOf({ what, reason, hint }: Untold): Finding {
  return { subject: what, message: `could not be told: ${reason}`, hint };
}

function isTold(check: string | undefined, findings: readonly Finding[]): boolean {
  return findings.some(({ subject }) => subject === check);
}

/** Several commands may see the same thing. */
function distinct(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ subject, message }) => {
    const key = JSON.stringify([subject, message]);
    return seen.has(key) ? false : seen.add(key);
  });
}
