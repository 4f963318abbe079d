import { jobPlaces } from "../../../components/core/host/jobs/places";
import { renderWayHop } from "../../../components/core/ssh/way";
import { readAnswer } from "../answer";
import { stackName } from "../backup/place";
import type { CommandContext } from "../command";
import type { StackConfig } from "../../config";
import type { Report } from "../report";

/** Has the operations code on the server's host run a command line, as the account of its jobs. */
export async function askHost<Data>(
  { project, stack, progress, write }: CommandContext,
  { host }: NonNullable<StackConfig["hostJobs"]>,
  words: readonly string[],
  signal?: AbortSignal,
): Promise<Report<Data>> {
  const { command } = jobPlaces(project, stackName(stack));
  const where = `host ${renderWayHop(host.ssh)}`;
  // What speaks SSH is loaded where there is a host.
  const { runJobProgram } = await import("../../../components/io/host/job-program.js");
  const running = runJobProgram({ host, command }, ["--json", ...words], {
    ...(signal === undefined ? {} : { signal }),
    onOutput: tellLines(write),
  });
  return readAnswer(where, await progress(`${words.slice(0, 2).join(" ")} on ${where}`, running), stack);
}

/** What it says to people comes as it is said; the document is for this program. */
function tellLines(write: (line: string) => void): (stream: "stdout" | "stderr", part: Buffer) => void {
  let rest = "";
  return (stream, part) => {
    if (stream === "stdout") return;
    const lines = `${rest}${part.toString("utf8")}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines.filter((one) => one !== "")) write(line);
  };
}
