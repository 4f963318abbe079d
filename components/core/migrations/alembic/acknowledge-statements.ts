import type { Problem } from "../../problem";
import { parseAcknowledgement, type Acknowledgement } from "../acknowledgement";
import type { JudgedStatement } from "../gate/judge";
import type { OfflineSql, PythonComment } from "./offline-sql";

/**
 * Has comments of a revision's file acknowledge what the statement of Python after them sends, be it one statement of SQL
 * or several: `# pgstead:allow drop-column reason="…"`. What is before no statement that has such a finding goes to
 * `problems`.
 */
export function acknowledgeStatements(
  judged: readonly JudgedStatement[],
  comments: OfflineSql["comments"],
  path: string,
  problems: Problem[],
): readonly JudgedStatement[] {
  const report = (line: number, { message, hint }: Omit<Problem, "path">): void => {
    problems.push({ path: `${path}:${line}`, message, hint: hint.replaceAll("-- pgstead", "# pgstead") });
  };
  const lines = new Set(judged.map(({ statement }) => statement.firstLine));
  const placed = readComments(comments, lines, report);
  const used = new Set<Acknowledgement>();
  const answered = judged.map((one) => {
    const findings = one.findings.map((finding) => {
      const fits = placed.find(
        ({ line, acknowledgement: { target } }) =>
          (line === finding.line || isOfFile(finding.rule)) &&
          (target === finding.rule || target === finding.class),
      );
      if (finding.acknowledged !== null || fits === undefined) return finding;
      used.add(fits.acknowledgement);
      return { ...finding, acknowledged: fits.acknowledgement, blocks: false };
    });
    return { ...one, findings };
  });
  for (const { acknowledgement, line } of placed) {
    // A comment of the other direction is judged with that one.
    if (used.has(acknowledgement) || line === undefined) continue;
    const hint = "delete it, or move it directly before the statement that it is about";
    const message = `acknowledges nothing: ${acknowledgement.target} was not found`;
    report(acknowledgement.line, { message, hint });
  }
  return answered;
}

/** What is about the file as a whole: it may be acknowledged anywhere in it. */
function isOfFile(rule: string): boolean {
  return rule === "needs-connection";
}

interface PlacedAcknowledgement {
  readonly acknowledgement: Acknowledgement;
  /** Line of the statement after it; undefined: that one sends nothing in this direction. */
  readonly line: number | undefined;
}

function readComments(
  { found, blank }: OfflineSql["comments"],
  lines: ReadonlySet<number>,
  report: (line: number, problem: Omit<Problem, "path">) => void,
): PlacedAcknowledgement[] {
  const skipped = new Set([...blank, ...found.filter(({ alone }) => alone).map(({ line }) => line)]);
  return found.flatMap(({ line, text, alone }: PythonComment): PlacedAcknowledgement[] => {
    if (!/^#\s*pgstead\s*:/i.test(text)) return [];
    if (!alone) {
      const hint = "write it on a line of its own, directly before its statement";
      report(line, { message: "allows something behind a statement", hint });
      return [];
    }
    const read = parseAcknowledgement(`--${text.slice(1)}`, line);
    if (!("target" in read)) {
      report(line, read);
      return [];
    }
    let next = line + 1;
    while (skipped.has(next)) next += 1;
    return [{ acknowledgement: read, line: lines.has(next) ? next : undefined }];
  });
}
