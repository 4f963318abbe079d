import type { Finding } from "../../components/core/finding";
import type { Problem } from "../../components/core/problem";
import { visibleLines } from "../../components/core/visible";
import type { Colors } from "./colors";
import type { Failure } from "./report";

export { counted as plural } from "../../components/core/counted";

/** The findings below a report; nothing where there are none. */
export function renderFindings(findings: readonly Finding[], colors: Colors): string {
  if (findings.length === 0) return "";
  const title = findings.length === 1 ? "1 finding" : `${findings.length} findings`;
  const lines = findings.flatMap(({ subject, message, hint, severity }) => [
    `  ${severity === "critical" ? colors.red(inside(subject)) : inside(subject)}: ${inside(message)}`,
    colors.dim(`    hint: ${inside(hint)}`),
  ]);
  return `\n${[colors.yellow(title), ...lines].join("\n")}\n`;
}

/** A name on the server may hold a line break: what comes after it stands further in, as no finding of its own. */
function inside(text: string): string {
  return visibleLines(text).replaceAll("\n", "\n      ");
}

/** Why there is no report, for standard error. */
export function renderFailure({ title, problems }: Failure, colors: Colors): string {
  const [only] = problems;
  const lines =
    problems.length === 1 && only?.path === ""
      ? [
          `${colors.red("error:")} ${title}: ${visibleLines(only.message)}`,
          colors.dim(`  hint: ${visibleLines(only.hint)}`),
        ]
      : [
          `${colors.red("error:")} ${title}:`,
          ...problems.flatMap((problem) => renderProblem(problem, colors)),
        ];
  return `${lines.join("\n")}\n`;
}

function renderProblem({ path, message, hint }: Problem, colors: Colors): string[] {
  const text = visibleLines(path === "" ? message : `${path}: ${message}`);
  return [`  ${text}`, colors.dim(`    hint: ${visibleLines(hint)}`)];
}
