import { resolveDashboards } from "../../../components/core/monitoring/dashboards";
import type { Dashboard } from "../../../components/core/monitoring/dashboards/panel";
import { readCapacityFacts } from "../../../components/io/catalog/capacity";
import { readSamplePlace } from "../../../components/io/catalog/samples";
import { readStatementLoad } from "../../../components/io/catalog/statement-load";
import type { CommandContext } from "../command";
import { describeFailure } from "../failure";
import type { Failure } from "../report";
import { openWatcher } from "../watcher";
import { chartsOf, questionsOf, spanOf, type DashboardCharts } from "./from-prometheus";
import { sampledCharts } from "./from-samples";
import type { ChartSource, Untold } from "./model";

/** The dashboards of a stack with what could be drawn of each. */
export interface DrawnDashboards {
  readonly source: ChartSource | null;
  readonly dashboards: readonly (Dashboard & DashboardCharts)[];
}

/** What charts are made from, and from when to when. */
interface ChartsAsked {
  readonly since: Date;
  readonly now: Date;
  /** The server could not be asked, so that its samples cannot be read. */
  readonly away: Failure | undefined;
}

/** Charts from Prometheus where the stack has one, else from kept samples; what neither has is told by name. */
export async function readCharts(context: CommandContext, asked: ChartsAsked): Promise<DrawnDashboards> {
  const { docker, thresholds } = context.config;
  const dashboards = resolveDashboards(thresholds);
  if (docker?.monitoring === undefined) return fromSamples(context, dashboards, asked);
  try {
    return await fromPrometheus(context, dashboards, asked);
  } catch (error) {
    const reason = untold("Charts of Prometheus", describeFailure(error, context.stack));
    const { source, dashboards: drawn } = await fromSamples(context, dashboards, asked);
    return { source, dashboards: drawn.map((one) => ({ ...one, untold: [reason, ...one.untold] })) };
  }
}

async function fromPrometheus(
  { config, root, progress }: CommandContext,
  dashboards: readonly Dashboard[],
  { since, now }: ChartsAsked,
): Promise<DrawnDashboards> {
  const { docker } = config;
  if (docker?.monitoring === undefined) return { source: null, dashboards: [] };
  const { scrapeInterval } = docker.monitoring;
  const span = spanOf(since, now, scrapeInterval);
  // What speaks to an engine is loaded where there is one.
  const { askPrometheus } = await import("../../../components/io/docker/ask-prometheus.js");
  const { findEngine } = await import("../find-engine.js");
  const questions = questionsOf(dashboards, span, scrapeInterval);
  const asking = askPrometheus(findEngine(docker, root), docker.name, questions, span);
  const answers = await progress("asking Prometheus", asking);
  const charts = chartsOf(dashboards, answers, span);
  return {
    source: "prometheus",
    dashboards: dashboards.map((one, index) => ({
      ...one,
      ...(charts[index] ?? { charts: [], untold: [] }),
    })),
  };
}

async function fromSamples(
  context: CommandContext,
  dashboards: readonly Dashboard[],
  asked: ChartsAsked,
): Promise<DrawnDashboards> {
  const read = await readSampled(context, asked);
  if ("what" in read) return { source: null, dashboards: withoutCharts(dashboards, read) };
  const drawn = sampledCharts(read, asked.since.getTime(), context.config.thresholds);
  if (drawn.length === 0) return { source: null, dashboards: withoutCharts(dashboards, tooFew) };
  const own = dashboards.map((one) => {
    const charts = drawn.filter(({ section }) => one.uid === `pgstead-${section}`).map(({ chart }) => chart);
    return { ...one, charts, untold: charts.length === 0 ? [notSampled] : [] };
  });
  return { source: "samples", dashboards: own };
}

async function readSampled(context: CommandContext, { since, now, away }: ChartsAsked) {
  if (!context.config.samples) return notKept;
  if (away !== undefined) return untold("Charts", away);
  const days = Math.ceil((now.getTime() - since.getTime()) / 86_400_000);
  try {
    const watcher = await openWatcher(context);
    const found = await Promise.all(
      watcher.databases.map((name) =>
        watcher.look(name, async (session) => {
          const place = await readSamplePlace(session);
          if (place.layout === undefined) return [];
          const load = await readStatementLoad(session, since);
          return [{ ...(await readCapacityFacts(session, name, days)), load }];
        }),
      ),
    );
    return found.flat();
  } catch (error) {
    return untold("Charts", describeFailure(error, context.stack));
  }
}

function withoutCharts(dashboards: readonly Dashboard[], why: Untold): DrawnDashboards["dashboards"] {
  return dashboards.map((one) => ({ ...one, charts: [], untold: [why] }));
}

function untold(what: string, { title, problems }: Failure): Untold {
  const reason = [title, ...problems.map(({ message }) => message)].join(": ");
  return { what, reason, hint: problems[0]?.hint ?? "", isFine: false };
}

const notKept: Untold = {
  what: "Charts",
  reason: "the stack has no Prometheus, and keeps no samples",
  hint: "set pgstead:monitoring.samples to true and run `up`; where no ops container takes them, `npm run ops -- sample` does",
  isFine: true,
};

const tooFew: Untold = {
  what: "Charts",
  reason: "there are not two samples in this time yet",
  hint: "`npm run ops -- sample` takes one now; a longer --since may have some",
  isFine: false,
};

const notSampled: Untold = {
  what: "Charts",
  reason: "samples have nothing of this; Prometheus has, on target docker",
  hint: "",
  isFine: true,
};
