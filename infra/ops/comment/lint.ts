import { z } from "zod";
import { visible } from "../../../components/core/visible";
import type { Section } from "./document";

const problem = z.object({ path: z.string(), message: z.string(), hint: z.string() });
const finding = z.object({
  class: z.string(),
  rule: z.string(),
  message: z.string(),
  file: z.string(),
  part: z.string(),
  line: z.number(),
  acknowledged: z.object({ reason: z.string() }).nullable(),
});
const advice = z.object({
  source: z.string(),
  rule: z.string(),
  message: z.string(),
  file: z.string(),
  line: z.number(),
});

const lintSchema = z.object({
  command: z.literal("migrate lint"),
  data: z
    .object({
      directories: z.array(z.string()),
      migrations: z.array(z.unknown()),
      findings: z.array(finding),
      advice: z.array(advice),
    })
    .optional(),
  findings: z.array(z.object({ subject: z.string(), message: z.string(), hint: z.string() })),
  error: z.object({ title: z.string(), problems: z.array(problem) }).optional(),
});

/** What `migrate lint --json` said, as a comment tells it. */
export interface LintComment {
  /** What keeps migrations from being applied. */
  readonly blocking: readonly string[];
  /** What was acknowledged, and advice. */
  readonly sections: readonly Section[];
}

/** Reads the JSON of `migrate lint`; that it is something else is told like what blocks, as nobody judged then. */
export function parseLint(text: string): LintComment {
  const read = lintSchema.safeParse(parseJson(text));
  if (!read.success) {
    const hint = "give the standard output of `npm run --silent ops -- migrate lint --json`";
    return { blocking: [`the result of migrate lint cannot be read\n  hint: ${hint}`], sections: [] };
  }
  const { data, findings, error } = read.data;
  const unusable = (error?.problems ?? []).map(
    ({ path, message, hint }) => `${path === "" ? (error?.title ?? "") : path}: ${message}\n  hint: ${hint}`,
  );
  const blocking = findings.map(({ subject, message, hint }) => `${subject}: ${message}\n  hint: ${hint}`);
  return { blocking: [...unusable, ...blocking], sections: data === undefined ? [] : sectionsOf(data) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function sectionsOf(data: NonNullable<z.output<typeof lintSchema>["data"]>): Section[] {
  const acknowledged = data.findings
    .filter(({ part, acknowledged: by }) => part === "up" && by !== null)
    .map(
      ({ file, line, class: of, rule, message, acknowledged: by }) =>
        `${file}:${line}: ${of} (${rule}): ${message} -- ${by?.reason ?? ""}`,
    );
  const remarks = data.advice.map(
    ({ file, line, source, rule, message }) => `${file}:${line}: ${source} (${rule}): ${message}`,
  );
  const place = `migrate lint: ${data.migrations.length} in ${data.directories.join(", ")}`;
  return [...section(`${place}: acknowledged`, acknowledged), ...section(`${place}: advice`, remarks)];
}

function section(title: string, lines: readonly string[]): Section[] {
  const shown = lines.map((line) => ({ text: visible(line), rank: -1 }));
  return lines.length === 0 ? [] : [{ title: `${title} (${lines.length})`, language: "text", lines: shown }];
}
