import { resolveDashboards } from "../../components/core/monitoring/dashboards";
import type { Panel, PanelQuery } from "../../components/core/monitoring/dashboards/panel";
import { defaultThresholds } from "../../components/core/monitoring/thresholds";

/** A query of a panel, with what Grafana puts in the place of its variables. */
interface AskedQuery {
  /** Dashboard, panel and line, for whoever reads what failed. */
  readonly name: string;
  readonly expression: string;
  readonly kind: Panel["kind"];
}

/**
 * Every query of every dashboard as Grafana sends it.
 *
 * @param scrapeInterval seconds, as the data source has them
 * @param database what is chosen in the dashboard's list: a regular expression
 */
export function askedQueries(scrapeInterval: number, database: string): readonly AskedQuery[] {
  const asked = ({ expression }: PanelQuery): string =>
    expression
      .replace(/\s+/g, " ")
      // The greater one of four scrapes, and of one scrape and the panel's step, which is no longer here.
      .replaceAll("$__rate_interval", `${4 * scrapeInterval}s`)
      .replaceAll("$database", database);
  return resolveDashboards(defaultThresholds).flatMap(({ title, panels }) =>
    panels.flatMap((panel) =>
      panel.queries.map((query) => ({
        name: `${title} / ${panel.title} / ${query.legend}`,
        expression: asked(query),
        kind: panel.kind,
      })),
    ),
  );
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data?: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

/**
 * Asks Prometheus as the panel does: for the last five minutes, or for now.
 *
 * @returns how many samples are numbers
 * @throws Error Prometheus refuses the query
 */
export async function countSamples(
  prometheus: string,
  { name, expression, kind }: AskedQuery,
): Promise<number> {
  const end = Date.now() / 1_000;
  const range = { start: String(end - 300), end: String(end), step: "5" };
  const body = new URLSearchParams({ query: expression, ...(kind === "lines" ? range : {}) });
  const path = kind === "lines" ? "query_range" : "query";
  const response = await fetch(`${prometheus}/api/v1/${path}`, { method: "POST", body });
  const { status, error, data } = (await response.json()) as Answer;
  if (status !== "success" || data === undefined)
    throw new Error(`${name}: ${error ?? status}: ${expression}`);
  const samples = data.result.flatMap(({ value, values }) => values ?? (value === undefined ? [] : [value]));
  return samples.filter(([, text]) => !Number.isNaN(Number(text))).length;
}
