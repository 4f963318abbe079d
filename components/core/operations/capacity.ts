import { ownSchema } from "../born-with";
import type { Finding } from "../finding";
import { renderSize } from "../size";
import { sampleTableNames } from "./sample-tables";

/** A figure at a moment. */
export interface Point {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly value: number;
}

/** What a sample has; null: the login might not read it, or it was not where the volume is. */
export interface SizeSample {
  readonly at: number;
  readonly databaseBytes: number;
  /** Of all databases. */
  readonly serverBytes: number | null;
  /** Size of the directory of the write-ahead log. */
  readonly walBytes: number | null;
  /** Bytes of write-ahead log since the server was made. */
  readonly walPosition: number;
  readonly connections: number;
  /** Sessions that ordinary roles may have at once. */
  readonly connectionLimit: number;
  /** The next transaction ID, with its epoch. */
  readonly xid: number;
  /** Age of the oldest one that is not frozen. */
  readonly xidAge: number;
  readonly volumeBytes: number | null;
  readonly volumeFreeBytes: number | null;
}

/** What a database's samples have. */
export interface CapacityFacts {
  readonly database: string;
  /** The oldest first. */
  readonly samples: readonly SizeSample[];
  readonly relations: readonly {
    readonly schema: string;
    readonly name: string;
    readonly points: readonly Point[];
  }[];
}

export interface DatabaseCapacity {
  readonly database: string;
  readonly sampleCount: number;
  /** ISO 8601 in UTC. */
  readonly from: string | null;
  readonly to: string | null;
  readonly spanDays: number;
  readonly sizeBytes: number | null;
  /** Null: too few samples, or too short a time. */
  readonly bytesPerDay: number | null;
  /** Those that grow most, with what belongs to them. */
  readonly tables: readonly {
    readonly schema: string;
    readonly name: string;
    readonly sizeBytes: number;
    readonly bytesPerDay: number;
  }[];
}

/** What grows towards an end. */
export interface Forecast {
  readonly used: number;
  readonly limit: number;
  readonly perDay: number | null;
  /** Null: never at this rate, or nobody can tell. */
  readonly daysLeft: number | null;
}

export interface ServerCapacity {
  /** Bytes of the volume, or of what `--size` says; null: neither is known. */
  readonly volume: (Forecast & { readonly source: "volume" | "--size" }) | null;
  /** The peak of all samples, and how the daily peak grows. */
  readonly connections: Forecast | null;
  /** Transactions until the server would take no more writes, were nothing frozen meanwhile. */
  readonly wraparound: Forecast | null;
  readonly walBytesPerDay: number | null;
}

export interface CapacityData {
  readonly days: number;
  readonly databases: readonly DatabaseCapacity[];
  readonly server: ServerCapacity;
  readonly remarks: readonly string[];
}

/** A working day and a day off are in any three days, and a sample an hour is far more than these. */
export const enough = { days: 3, samples: 10 } as const;

const day = 86_400_000;

/** The server refuses writes 3 million transactions before the oldest XID would be in the future ("Preventing Transaction ID Wraparound Failures"). */
const wraparoundLimit = 2 ** 31 - 3_000_000;

/**
 * How fast a figure grows in a day: the median of the slopes between any two points (Theil and Sen). A VACUUM FULL, a
 * load or a restore is a step that up to 29% of the points may be beyond, and the rate stays that of the others; least
 * squares would follow it. Undefined: there is no rate to be told of.
 *
 * Of many points a hundred and twenty are taken, evenly, as every two are looked at.
 */
export function slopePerDay(points: readonly Point[]): number | undefined {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return undefined;
  if (points.length < enough.samples || last.at - first.at < enough.days * day) return undefined;
  return median(slopes(evenly(points, 120))) * day;
}

/** The same of so few points that nothing else can be done, such as daily ones of a table. */
function slopes(points: readonly Point[]): number[] {
  return points.flatMap((a, index) =>
    points.slice(index + 1).flatMap((b) => (b.at === a.at ? [] : [(b.value - a.value) / (b.at - a.at)])),
  );
}

function evenly<Item>(items: readonly Item[], count: number): Item[] {
  if (items.length <= count) return [...items];
  const step = (items.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, index) => items[Math.round(index * step)]).filter(
    (item): item is Item => item !== undefined,
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

export interface CapacityOptions {
  /** Days that are looked back. */
  readonly days: number;
  readonly top: number;
  /** Bytes that the user says there are. */
  readonly size?: number;
}

/** What grows, and when what it grows towards is reached, at the rate of the last days. */
export function forecastCapacity(facts: readonly CapacityFacts[], options: CapacityOptions): CapacityData {
  const databases = facts.map((one) => forecastDatabase(one, options));
  // Every database's samples have the figures of the server: the longest row of them tells most.
  const [best] = facts.toSorted((a, b) => spanOf(b.samples) - spanOf(a.samples));
  return {
    days: options.days,
    databases,
    server: forecastServer(best?.samples ?? [], options.size),
    remarks: [...databases.flatMap(remarksOf), ...facts.flatMap(ownRemark)],
  };
}

function forecastDatabase(
  { database, samples, relations }: CapacityFacts,
  { top }: CapacityOptions,
): DatabaseCapacity {
  const [first, last] = [samples[0], samples.at(-1)];
  const tables = relations
    .filter((one) => !isOwn(one))
    .flatMap(({ schema, name, points }) => {
      const bytesPerDay = slopePerDay(points);
      const sizeBytes = points.at(-1)?.value;
      return bytesPerDay === undefined || sizeBytes === undefined || bytesPerDay <= 0
        ? []
        : [{ schema, name, sizeBytes, bytesPerDay }];
    });
  return {
    database,
    sampleCount: samples.length,
    from: first === undefined ? null : new Date(first.at).toISOString(),
    to: last === undefined ? null : new Date(last.at).toISOString(),
    spanDays: spanOf(samples) / day,
    sizeBytes: last?.databaseBytes ?? null,
    bytesPerDay: slopePerDay(samples.map(({ at, databaseBytes }) => ({ at, value: databaseBytes }))) ?? null,
    tables: tables.toSorted((a, b) => b.bytesPerDay - a.bytesPerDay).slice(0, top),
  };
}

/** The samples themselves: they grow towards a bound of their own, and archiving old rows mends nothing there. */
function isOwn({ schema, name }: { readonly schema: string; readonly name: string }): boolean {
  return schema === ownSchema && (sampleTableNames as readonly string[]).includes(name);
}

function ownRemark({ database, relations }: CapacityFacts): string[] {
  const bytes = relations.filter(isOwn).reduce((sum, { points }) => sum + (points.at(-1)?.value ?? 0), 0);
  if (bytes === 0) return [];
  return [
    `${database}: ${renderSize(bytes)} of it are the samples, which thin out and are not among the tables`,
  ];
}

function forecastServer(samples: readonly SizeSample[], size: number | undefined): ServerCapacity {
  const last = samples.at(-1);
  if (last === undefined) return { volume: null, connections: null, wraparound: null, walBytesPerDay: null };
  const ofEach = (value: (sample: SizeSample) => number | null): Point[] =>
    samples.flatMap((sample) => {
      const found = value(sample);
      return found === null ? [] : [{ at: sample.at, value: found }];
    });
  return {
    volume: forecastVolume(ofEach, last, size),
    connections: forecastConnections(samples, last),
    wraparound: forecast(last.xidAge, wraparoundLimit, slopePerDay(ofEach(({ xid }) => xid))),
    walBytesPerDay: slopePerDay(ofEach(({ walPosition }) => walPosition)) ?? null,
  };
}

function forecastVolume(
  ofEach: (value: (sample: SizeSample) => number | null) => Point[],
  last: SizeSample,
  size: number | undefined,
): ServerCapacity["volume"] {
  if (size !== undefined) {
    const used = ({ serverBytes, walBytes, databaseBytes }: SizeSample): number =>
      (serverBytes ?? databaseBytes) + (walBytes ?? 0);
    return { ...forecast(used(last), size, slopePerDay(ofEach(used))), source: "--size" };
  }
  if (last.volumeBytes === null || last.volumeFreeBytes === null) return null;
  const used = ofEach(({ volumeBytes, volumeFreeBytes }) =>
    volumeBytes === null || volumeFreeBytes === null ? null : volumeBytes - volumeFreeBytes,
  );
  return {
    ...forecast(last.volumeBytes - last.volumeFreeBytes, last.volumeBytes, slopePerDay(used)),
    source: "volume",
  };
}

/** Of each day the peak, as nights have few. */
function forecastConnections(samples: readonly SizeSample[], last: SizeSample): Forecast {
  const peaks = new Map<number, Point>();
  for (const { at, connections } of samples) {
    const date = Math.floor(at / day);
    if (connections >= (peaks.get(date)?.value ?? 0)) peaks.set(date, { at: date * day, value: connections });
  }
  const points = [...peaks.values()];
  const peak = Math.max(...points.map(({ value }) => value));
  return forecast(peak, last.connectionLimit, slopePerDay(points));
}

function forecast(used: number, limit: number, perDay: number | undefined): Forecast {
  if (used >= limit) return { used, limit, perDay: perDay ?? null, daysLeft: 0 };
  const daysLeft = perDay === undefined || perDay <= 0 ? null : (limit - used) / perDay;
  return { used, limit, perDay: perDay ?? null, daysLeft };
}

function remarksOf({ database, sampleCount, spanDays, bytesPerDay }: DatabaseCapacity): string[] {
  if (bytesPerDay !== null) return [];
  const there = `${sampleCount} ${sampleCount === 1 ? "sample" : "samples"} of ${spanDays.toFixed(1)} days`;
  return [`${database}: a rate needs ${enough.samples} samples of ${enough.days} days; there are ${there}`];
}

const spanOf = (samples: readonly { readonly at: number }[]): number =>
  (samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0);

/** Time to get a larger volume without haste, and time in which somebody has to. */
export const fullWithin = { warningDays: 30, criticalDays: 7 } as const;

/** The volume that is full soon. What else is near its end `health` and `disk` tell from what is there now. */
export function judgeCapacity({ server: { volume } }: CapacityData): Finding[] {
  if (volume?.daysLeft == null || volume.daysLeft > fullWithin.warningDays) return [];
  const isCritical = volume.daysLeft <= fullWithin.criticalDays;
  return [
    {
      subject: volume.source === "volume" ? "volume of the data" : "space of --size",
      message:
        volume.daysLeft === 0
          ? "is full"
          : `is full in ${volume.daysLeft.toFixed(0)} days at the rate of the last ones`,
      hint: "the tables that grow most are the place to look: archive old rows, or get a larger volume",
      severity: isCritical ? "critical" : "warning",
    },
  ];
}
