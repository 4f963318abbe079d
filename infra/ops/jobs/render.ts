import type { Colors } from "../colors";
import type { ListedJob } from "../container/job-looks";
import { renderTable } from "../table";

export interface JobsData {
  readonly jobs: readonly ListedJob[];
}

export const jobsHelp = `
A job whose last run failed, was killed, or that did not run for longer than its schedule allows is a finding. The bound is
that of backups: the greatest time between two runs and half of it, six hours at most.

JSON: data.jobs [{ job, schedule, nextRunAt, outcome (success, failure, running, never), lastRunAt, lastSuccessAt, reason }].`;

/** The jobs in columns; why one failed is told by its finding. */
export function renderJobs({ jobs }: JobsData, colors: Colors): string {
  const columns = ["job", "schedule (UTC)", "last run", "", "last success", "next run"];
  const rows = jobs.map(({ job, schedule, lastRunAt, outcome, lastSuccessAt, nextRunAt }) => [
    job,
    schedule,
    lastRunAt ?? "never",
    outcome === "never" ? "" : outcome,
    lastSuccessAt ?? "",
    nextRunAt,
  ]);
  return `${renderTable(
    "Jobs",
    columns.map((heading) => ({ heading })),
    rows,
    colors,
  )}\n`;
}
