import { problemError } from "../../core/problem";
import { execIn } from "./container";
import { connectDocker, type DockerEndpoint } from "./engine";

/** What is asked of Prometheus: over a span, or now. */
export interface PrometheusQuestion {
  readonly expression: string;
  readonly over: "now" | "span";
}

/** Span and step, in seconds since 1970. */
export interface PrometheusSpan {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** One line of an answer. */
export interface PrometheusSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since 1970, and the value; what is no number is null. */
  readonly points: readonly { readonly time: number; readonly value: number | null }[];
}

/** The lines of each question in their order, or why there are none. */
export type PrometheusAnswer = { readonly series: readonly PrometheusSeries[] } | { readonly fault: string };

/** A question that takes longer is not answered; Prometheus itself would go on for two minutes. */
const questionMs = 10_000;
const allMs = 60_000;

/**
 * Asks the Prometheus of a stack, from its ops container: Prometheus needs no port on the host for that, and an engine on
 * another host is as good. All questions are one process.
 *
 * @throws ProblemError where the container is not there or Prometheus does not answer
 */
export async function askPrometheus(
  engine: DockerEndpoint,
  name: string,
  questions: readonly PrometheusQuestion[],
  span: PrometheusSpan,
): Promise<PrometheusAnswer[]> {
  const container = `${name}-ops`;
  const asked = JSON.stringify({ questions, span, questionMs });
  const { exitCode, stdout, stderr } = await execIn(connectDocker(engine), container, ["node", "-"], {
    input: `const asked = ${asked};\n${program}`,
    timeoutMs: allMs,
  });
  if (exitCode !== 0) {
    const said = stderr.trim().split("\n").at(-1) ?? "";
    const hint = `is it up? \`docker logs ${name}-prometheus\` on the engine's host`;
    throw problemError("Prometheus", `does not answer container ${container}: ${said}`, hint);
  }
  return (JSON.parse(stdout) as RawAnswer[]).map(readAnswer);
}

/** Prometheus' own JSON: values are text there, as JSON knows no infinity. */
type RawAnswer =
  | { readonly fault: string }
  | {
      readonly result: readonly {
        readonly metric: Readonly<Record<string, string>>;
        readonly value?: RawPoint;
        readonly values?: readonly RawPoint[];
      }[];
    };
type RawPoint = readonly [time: number, value: string];

function readAnswer(answer: RawAnswer): PrometheusAnswer {
  if ("fault" in answer) return answer;
  const series = answer.result.map(({ metric, value, values }) => ({
    labels: metric,
    points: (values ?? (value === undefined ? [] : [value])).map(([time, text]) => ({
      time,
      value: Number.isFinite(Number(text)) ? Number(text) : null,
    })),
  }));
  return { series };
}

/** Runs in the container: four at a time, so that nobody else waits for Prometheus. */
const program = `
const { from, to, step } = asked.span;
async function ask({ expression, over }) {
  const words = over === "now" ? { time: to } : { start: from, end: to, step };
  const body = new URLSearchParams({ query: expression, ...words });
  const path = over === "now" ? "query" : "query_range";
  const signal = AbortSignal.timeout(asked.questionMs);
  const answer = await fetch("http://prometheus:9090/api/v1/" + path, { method: "POST", body, signal }).catch((error) => {
    if (error.name === "TimeoutError") return undefined;
    throw new Error(error.cause?.message ?? error.message);
  });
  if (answer === undefined) return { fault: "Prometheus did not answer within " + asked.questionMs / 1000 + " s" };
  const { status, error, data } = await answer.json();
  return status === "success" ? { result: data.result } : { fault: "Prometheus says: " + error };
}
const answers = [];
let next = 0;
async function work() {
  while (next < asked.questions.length) {
    const index = next++;
    answers[index] = await ask(asked.questions[index]);
  }
}
Promise.all([work(), work(), work(), work()]).then(
  () => process.stdout.write(JSON.stringify(answers)),
  (error) => { process.stderr.write(error.message); process.exitCode = 1; },
);
`;
