import type { StateResource } from "../state";

/** What the stack put on the server's host and nobody looks after any more. */
export interface LeftOnHost {
  /** Paths of files, sorted. */
  readonly files: readonly string[];
  /** Whether jobs go on running there. */
  readonly jobs: boolean;
}

/** By the state, which has no other word of the host; its contents are secret there, its paths are not. */
export function leftOnHost(resources: readonly StateResource[]): LeftOnHost {
  const hashes = resources.flatMap(({ type, outputs }) =>
    type === "pgstead:index:HostFiles" ? [outputs?.hashes ?? {}] : [],
  );
  return {
    files: hashes.flatMap((one) => Object.keys(one)).toSorted(),
    jobs: resources.some(({ type }) => type === "pgstead:index:HostJobs"),
  };
}

/** What stays there, a line each; nothing where nothing does. */
export function renderLeftOnHost({ files, jobs }: LeftOnHost): string[] {
  return [
    ...files.map((path) => `Stays on the host: ${path}`),
    ...(jobs
      ? [
          "Its jobs go on running there. To end them: set pgstead:server.onHost.jobs to none and run `up` before the release.",
        ]
      : []),
  ];
}
