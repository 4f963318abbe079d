import type { OpsContext } from "../../../../components/core/ops-context";
import { problemError } from "../../../../components/core/problem";
import { readVolume, takeSamples } from "../../../../components/io/samples/all";
import { administratorOf } from "../context";
import type { Job } from "../job";

/** Takes a sample of the statements and sizes of every database, and thins out what is old. */
export function samplesJob(context: OpsContext): Job {
  const { files, service, stack } = context;
  return {
    name: "samples",
    summary: "keep what statements do and how large databases are, for `slow-queries --since` and `capacity`",
    timeoutMs: 300_000,
    // What ran while it was down is in the first one, as far as the counters still have it.
    runsAtStart: true,
    async run({ log, signal }) {
      const names = service.databases.map(({ name }) => name);
      const volume = await readVolume(files.dataDirectory);
      const results = await takeSamples(administratorOf(context), names, { volume, signal });
      for (const { database, sample, failure } of results) {
        if (failure !== undefined) {
          log.error(`no sample: ${failure instanceof Error ? failure.message : "no reason was given"}`, {
            database,
          });
          continue;
        }
        if (sample?.isReset === true) log.info("somebody has reset the counters of statements", { database });
        log.info(sample?.takenAt == null ? "another one takes samples" : "took a sample", {
          database,
          ...(sample?.statements == null ? {} : { statements: sample.statements }),
        });
      }
      const failed = results.filter(({ failure }) => failure !== undefined).length;
      if (failed > 0) throw notTaken(stack, failed);
    },
  };
}

function notTaken(stack: string, count: number): Error {
  return problemError(
    `the samples of stack ${stack}`,
    `${count === 1 ? "that of 1 database was" : `those of ${count} databases were`} not taken`,
    "the lines before this one say why; `slow-queries` and `capacity` tell what there is",
  );
}
