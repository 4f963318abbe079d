import { worse, type AlertGroup } from "./rule";

/** Of each volume, in percent. */
export const volumeFree = "100 * pgstead_volume_free_bytes / pgstead_volume_size_bytes";

/** Mounts of the host that hold something: not memory, layers of images, or what cannot be written. */
const hostDisks = 'fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660|erofs|nsfs|fuse.*"';
const hostFree = `100 * node_filesystem_avail_bytes{${hostDisks}} / node_filesystem_size_bytes`;
const writable = "unless on (instance, device, mountpoint) node_filesystem_readonly == 1";

/** In percent. */
export const hostMemoryUsed = "100 * (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)";

/** Room and memory. */
export const capacityAlerts: AlertGroup = {
  name: "capacity",
  rules: (limits) => [
    {
      alert: "VolumeLow",
      expr: `${volumeFree} < ${limits.diskWarning}`,
      for: "15m",
      severity: "warning",
      summary: '{{ $value | printf "%.1f" }}% of volume {{ $labels.volume }} are free',
      silencedBy: [worse("VolumeFull")],
    },
    {
      alert: "VolumeFull",
      expr: `${volumeFree} < ${limits.diskCritical}`,
      for: "1m",
      severity: "critical",
      summary:
        '{{ $value | printf "%.1f" }}% of volume {{ $labels.volume }} are free: a server whose volume is full stops',
    },
    {
      alert: "VolumeFullSoon",
      expr: `pgstead_volume_free_bytes / -(deriv(pgstead_volume_free_bytes[6h]) < 0) < 86400 and ${volumeFree} < 50`,
      for: "1h",
      severity: "warning",
      summary:
        "volume {{ $labels.volume }} is full in {{ $value | humanizeDuration }} if it grows as in the last 6 hours",
      silencedBy: [worse("VolumeFull")],
    },
    {
      alert: "HostDiskLow",
      expr: `${hostFree} < ${limits.diskWarning} ${writable}`,
      for: "15m",
      severity: "warning",
      summary: '{{ $value | printf "%.1f" }}% of {{ $labels.mountpoint }} of the host are free',
      silencedBy: [worse("HostDiskFull")],
    },
    {
      alert: "HostDiskFull",
      expr: `${hostFree} < ${limits.diskCritical} ${writable}`,
      for: "1m",
      severity: "critical",
      summary: '{{ $value | printf "%.1f" }}% of {{ $labels.mountpoint }} of the host are free',
    },
    {
      alert: "MemoryLow",
      expr: `${hostMemoryUsed} > ${limits.memory}`,
      for: "15m",
      severity: "warning",
      summary:
        '{{ $value | printf "%.0f" }}% of the host\'s memory are in use: the kernel ends a process when there is none left',
    },
  ],
};
