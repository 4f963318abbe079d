import type { Finding } from "../finding";
import type { Thresholds } from "../monitoring/thresholds";
import { renderSize } from "../size";
import { percent } from "./relation";

/** What a server's files take, all of it in bytes; null: the login may not see it. */
export interface ServerSpace {
  readonly databases: readonly { readonly name: string; readonly sizeBytes: number | null }[];
  readonly tablespaces: readonly TablespaceSpace[];
  readonly wal: WalSpace | null;
  /** Files of sorts and hashes that run now. */
  readonly temporary: FileSum | null;
  /** Files of the server's log; null: it writes none, or they may not be seen. */
  readonly log: FileSum | null;
  readonly dataDirectory: string | null;
  /** Absolute, or within the data directory; null: the server writes no log files. */
  readonly logDirectory: string | null;
}

export interface FileSum {
  readonly files: number;
  readonly sizeBytes: number;
}

export interface TablespaceSpace {
  readonly name: string;
  /** Empty: within the data directory. */
  readonly location: string;
  readonly sizeBytes: number | null;
}

export interface WalSpace extends FileSum {
  /** `max_wal_size`. */
  readonly maxWalBytes: number;
  /** `wal_keep_size`: kept whatever else is asked. */
  readonly keepBytes: number;
}

/** What the relations of one database take. */
export interface DatabaseSpace {
  readonly database: string;
  readonly schemas: readonly { readonly name: string; readonly tables: number; readonly sizeBytes: number }[];
  /** The largest ones. */
  readonly tables: readonly TableSpace[];
}

export interface TableSpace {
  readonly database: string;
  /** With its schema. */
  readonly table: string;
  /** Of the table itself. */
  readonly tableBytes: number;
  readonly indexBytes: number;
  readonly toastBytes: number;
  /** All three. */
  readonly sizeBytes: number;
}

/** Room of one volume. */
export interface VolumeSpace {
  /** What of the server is on it: `data`, `log`, a tablespace. */
  readonly holds: readonly string[];
  readonly path: string;
  readonly sizeBytes: number;
  /** What an unprivileged account may use. */
  readonly freeBytes: number;
  readonly freePercent: number;
}

/** Volumes with what is on each, from the room at several paths: the same device is one volume. */
export function joinVolumes(
  places: readonly {
    readonly holds: string;
    readonly path: string;
    /** What tells its volume from others. */
    readonly device: string;
    readonly sizeBytes: number;
    readonly freeBytes: number;
  }[],
): VolumeSpace[] {
  const devices = [...new Set(places.map(({ device }) => device))];
  return devices.flatMap((device) => {
    const here = places.filter((place) => place.device === device);
    const [first] = here;
    if (first === undefined) return [];
    const { path, sizeBytes, freeBytes } = first;
    return [
      {
        holds: here.map(({ holds }) => holds),
        path,
        sizeBytes,
        freeBytes,
        freePercent: percent(freeBytes, sizeBytes),
      },
    ];
  });
}

/** Volumes that are nearly full, and a write-ahead log that grows beyond its bounds. */
export function diskFindings(
  volumes: readonly VolumeSpace[],
  { wal }: Pick<ServerSpace, "wal">,
  thresholds: Pick<Thresholds, "diskWarning" | "diskCritical" | "walRatio">,
): Finding[] {
  return [
    ...volumes.flatMap((volume) => volumeFindings(volume, thresholds)),
    ...walFindings(wal, thresholds),
  ];
}

function volumeFindings(
  { holds, path, freeBytes, freePercent, sizeBytes }: VolumeSpace,
  { diskWarning, diskCritical }: Pick<Thresholds, "diskWarning" | "diskCritical">,
): Finding[] {
  const isCritical = freePercent < diskCritical;
  if (!isCritical && freePercent >= diskWarning) return [];
  const limit = isCritical ? diskCritical : diskWarning;
  return [
    {
      subject: `volume of ${holds.join(", ")} (${path})`,
      message: `${renderSize(freeBytes)} of ${renderSize(sizeBytes)} are free, ${freePercent}%: less than ${limit}%`,
      hint: "make the volume larger, or room on it: `npm run ops -- bloat` and `indexes` tell what can go. A full one stops the server.",
      severity: isCritical ? "critical" : "warning",
    },
  ];
}

function walFindings(wal: WalSpace | null, { walRatio }: Pick<Thresholds, "walRatio">): Finding[] {
  if (wal === null) return [];
  const limit = walRatio * wal.maxWalBytes + wal.keepBytes;
  if (wal.sizeBytes <= limit) return [];
  return [
    {
      subject: "write-ahead log",
      message: `has ${renderSize(wal.sizeBytes)}, more than ${walRatio} times max_wal_size (${renderSize(wal.maxWalBytes)})`,
      hint: "does archiving fail (pg_stat_archiver), or does a replication slot keep it (pg_replication_slots)? A large load does so for a while.",
    },
  ];
}
