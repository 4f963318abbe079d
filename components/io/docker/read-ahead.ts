import type { LiveVolume } from "../../core/files/model";
import { volumeKey, type VolumePlace } from "./volume-place";

type Where = Pick<VolumePlace, "endpoint" | "volume">;

/** Milliseconds for which a volume that was read ahead passes for one that is read now. */
const fresh = 5_000;

interface Reading {
  readonly began: number;
  readonly live: Promise<LiveVolume | undefined>;
}

const readings = new Map<string, Reading>();

/** Keeps a reading that was begun before anybody asked for it. */
export function keepReading(where: Where, live: Promise<LiveVolume | undefined>): void {
  // Who asks reads again, and is told.
  const settled = live.catch(() => undefined);
  readings.set(volumeKey(where), { began: performance.now(), live: settled });
}

/** What was read ahead of a volume; undefined: nothing, or long ago, or it went wrong. */
export async function takeReading(where: Where): Promise<LiveVolume | undefined> {
  const reading = readings.get(volumeKey(where));
  if (reading === undefined || performance.now() - reading.began > fresh) return undefined;
  return reading.live;
}

/** What was read of a volume counts no more: it is about to change. */
export function dropReading(where: Where): void {
  readings.delete(volumeKey(where));
}
