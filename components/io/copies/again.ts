import { LostWayError } from "./destination";

/** A connection that breaks off in the middle of a file is no fault of the file. */
const readings = 3;

/** Tries a reading some times where the way was lost. */
export async function again<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  for (let reading = 1; ; reading += 1) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (reading === readings || !(error instanceof LostWayError)) throw error;
    }
  }
}
