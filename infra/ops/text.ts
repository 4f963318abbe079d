import type { Finding } from "../../components/core/finding";
import type { Problem } from "../../components/core/problem";
import type { Colors } from "./colors";
import type { Failure } from "./report";

/** The findings below a report; nothing where there are none. */
export function renderFindings(findings: readonly Finding[], colors: Colors): string {
  if (findings.length === 0) return "";
  const title = findings.length === 1 ? "1 finding" : `${findings.length} findings`;
  const lines = findings.flatMap(({ subject, message, hint, severity }) => [
    `  ${severity === "critical" ? colors.red(subject) : subject}: ${message}`,
    colors.dim(`    hint: ${hint}`),
  ]);
  return `\n${[colors.yellow(title), ...lines].join("\n")}\n`;
}

/** Why there is no report, for standard error. */
export function renderFailure({ title, problems }: Failure, colors: Colors): string {
  const [only] = problems;
  const lines =
    problems.length === 1 && only?.path === ""
      ? [`${colors.red("error:")} ${title}: ${only.message}`, colors.dim(`  hint: ${only.hint}`)]
      : [
          `${colors.red("error:")} ${title}:`,
          ...problems.flatMap((problem) => renderProblem(problem, colors)),
        ];
  return `${lines.join("\n")}\n`;
}

function renderProblem({ path, message, hint }: Problem, colors: Colors): string[] {
  return [`  ${path === "" ? "" : `${path}: `}${message}`, colors.dim(`    hint: ${hint}`)];
}

/** `1 role`, `2 roles`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
