import { problemError } from "../../../components/core/problem";
import { nearest } from "../../config/shape";

/** The stack that the wrapper keeps by itself. */
const devStack = "dev";

/** @throws ProblemError a name that no new stack can have */
export function assertNewName(name: string): void {
  const subject = `stack ${JSON.stringify(name)}`;
  if (name === devStack) {
    const hint = "`npm start` makes it; give the new stack a name of its own, such as staging";
    throw problemError(subject, "is the embedded stack of this checkout", hint);
  }
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/.test(name)) return;
  const hint = name.includes("/")
    ? `write ${name.split("/").at(-1) ?? "staging"} alone: an organisation is named in \`stack init\``
    : "write at most 100 letters, digits, _, - and ., such as staging";
  throw problemError(subject, "is not the name of a stack", hint);
}

/**
 * The stack whose file is taken. Stack dev is taken only where it is named.
 *
 * @param known stacks that have a file
 * @throws ProblemError there is no such stack, or several may be meant
 */
export function chooseSource(from: string | undefined, name: string, known: readonly string[]): string {
  if (from === name) {
    throw problemError("--from", `${name} is the new stack itself`, "name the stack whose file is taken");
  }
  if (from !== undefined) return assertKnown(from, known);
  const others = known.filter((other) => other !== devStack && other !== name);
  const [only] = others;
  if (only !== undefined && others.length === 1) return only;
  if (only === undefined) {
    const message = "no stack has a file that could be taken, but for that of dev";
    throw problemError("--from", message, `take that one with --from ${devStack}, or \`ops adopt\` a server`);
  }
  const message = `there are several stacks whose file could be taken: ${others.join(", ")}`;
  throw problemError("--from", message, `name one, such as --from ${only}`);
}

function assertKnown(from: string, known: readonly string[]): string {
  if (known.includes(from)) return from;
  const meant = nearest(from, known);
  const hint =
    meant === undefined ? `the stacks here: ${known.join(", ") || "none"}` : `did you mean --from ${meant}?`;
  throw problemError("--from", `there is no Pulumi.${from}.yaml`, hint);
}
