/** A drill as its own process, which is killed from outside: its only argument is JSON. */
import { drillLogical, type LogicalDrill } from "../../components/io/drill/logical";

export type DrillProcess = Omit<LogicalDrill, "progress" | "now" | "signal">;

const given = JSON.parse(process.argv[2] ?? "") as DrillProcess;

void drillLogical({
  ...given,
  progress: (_label, work) => work,
  now: () => Date.now(),
  signal: new AbortController().signal,
});
