import { quoteShell } from "../../../../components/core/shell";

/** How a build ended, in the engine's words. */
export interface BuildEnd {
  /** The step that was at work, such as `Step 3/7 : RUN make`; empty: none. */
  readonly step: string;
  /** What the engine gave up with. */
  readonly said: string;
  /** The end of what the step has printed. */
  readonly lines: readonly string[];
}

/** What was built. */
export interface BuiltFrom {
  readonly imageName: string;
  readonly context: string;
  /** Path of the Dockerfile, and what is in it. */
  readonly dockerfile: string;
  readonly text: string;
  readonly args: Readonly<Record<string, string>>;
  readonly network?: string | undefined;
  readonly target?: string | undefined;
}

/** Characters of a line that a message shows. */
const shown = 200;

/**
 * Why a build failed, for its user: the reason first, then where, and then the end of what the step has printed. Pure.
 *
 * The engine's own words hold the whole step, which may be a page, with the reason behind it.
 */
export function describeBuildFailure({ step, said, lines }: BuildEnd, from: BuiltFrom): string {
  const [, code] = /returned a non-zero code: (\d+)$/.exec(said) ?? [];
  const reason = code === undefined ? said : (reasonIn(lines) ?? `its program ended with exit code ${code}`);
  const end = code === undefined ? "" : `, which ended with exit code ${code}`;
  const place = describeStep(step, from);
  return [
    cut(reason),
    ...(place === undefined ? [] : [`  in ${place}${end}`]),
    ...(lines.length === 0 ? [] : ["  its last lines:", ...lines.map((line) => `    ${cut(line)}`)]),
  ].join("\n");
}

/** A command that builds the same and shows everything that the steps print; those before the failed one come from the cache. Pure. */
export function buildCommand({ imageName, context, dockerfile, args, network, target }: BuiltFrom): string {
  const words = [
    ...["docker", "build", "-t", imageName, "-f", dockerfile],
    ...(network === undefined ? [] : ["--network", network]),
    ...(target === undefined ? [] : ["--target", target]),
    ...Object.entries(args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
    context,
  ];
  return words.map(quoteShell).join(" ");
}

/** The last line that looks like a reason; where none does, the last one. */
function reasonIn(lines: readonly string[]): string | undefined {
  const telling =
    /\b(?:error|fatal|failed|failure|cannot|could not|unable|not found|no such|denied|refused)\b|^E:/i;
  const found = lines.findLast((line) => telling.test(line)) ?? lines.at(-1);
  return found?.trim();
}

/** `step 3 of 7, line 12 of infra/images/postgres/Dockerfile: RUN make`. */
function describeStep(step: string, { dockerfile, text }: BuiltFrom): string | undefined {
  const [, number, count, written = ""] = /^Step (\d+)\/(\d+) : (.*)$/s.exec(step) ?? [];
  if (number === undefined || count === undefined) return step === "" ? undefined : cut(step);
  const instruction = instructionsOf(text)[Number(number) - 1];
  const isSame = instruction?.word === written.split(/\s/)[0]?.toUpperCase();
  const line = isSame && instruction !== undefined ? `line ${instruction.line} of ` : "";
  return `step ${number} of ${count}, ${line}${dockerfile}: ${cut(written.replace(/\s+/g, " "), 80)}`;
}

/** Where each instruction of a Dockerfile begins; those of the classic builder have no documents inside. */
function instructionsOf(text: string): { readonly word: string; readonly line: number }[] {
  const found: { word: string; line: number }[] = [];
  let goesOn = false;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || /^\s*#/.test(line)) continue;
    if (!goesOn) found.push({ word: (line.trim().split(/\s/)[0] ?? "").toUpperCase(), line: index + 1 });
    goesOn = /\\\s*$/.test(line);
  }
  return found;
}

function cut(text: string, length = shown): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
