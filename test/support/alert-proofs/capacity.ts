import { node, ops, type AlertProofs, type Samples } from "./proof";

const data = `${ops}, volume="data"`;
const root = `${node}, device="/dev/vda1", fstype="ext4", mountpoint="/"`;

function volume(free: string): Samples {
  return {
    [`pgstead_volume_free_bytes{${data}}`]: free,
    [`pgstead_volume_size_bytes{${data}}`]: "1000x500",
  };
}

function disk(free: number, labels = root, readonly = 0): Samples {
  return {
    [`node_filesystem_avail_bytes{${labels}}`]: `${free}x30`,
    [`node_filesystem_size_bytes{${labels}}`]: "1000x30",
    [`node_filesystem_readonly{${labels}}`]: `${readonly}x30`,
  };
}

function memory(available: number): Samples {
  return {
    [`node_memory_MemAvailable_bytes{${node}}`]: `${available}x30`,
    [`node_memory_MemTotal_bytes{${node}}`]: "1000x30",
  };
}

export const capacityProofs: AlertProofs = {
  VolumeLow: {
    severity: "warning",
    fires: { given: volume("142x30"), at: "16m", told: { [data]: "14.2% of volume data are free" } },
    quiet: { given: volume("150x30"), at: "16m" },
  },
  VolumeFull: {
    severity: "critical",
    fires: {
      given: volume("42x30"),
      at: "2m",
      told: { [data]: "4.2% of volume data are free: a server whose volume is full stops" },
    },
    quiet: { given: volume("50x30"), at: "2m" },
  },
  VolumeFullSoon: {
    severity: "warning",
    fires: {
      given: volume("480-0.5x500"),
      at: "400m",
      told: { [data]: "volume data is full in 9h 20m 0s if it grows as in the last 6 hours" },
    },
    // As fast, and more than half is free.
    quiet: { given: volume("900-0.5x500"), at: "400m" },
    also: [
      { given: volume("480x500"), at: "400m" },
      { given: volume("200+0.5x500"), at: "400m" },
    ],
  },
  HostDiskLow: {
    severity: "warning",
    fires: { given: disk(142), at: "16m", told: { [root]: "14.2% of / of the host are free" } },
    quiet: { given: disk(10, `${node}, device="tmpfs", fstype="tmpfs", mountpoint="/run"`), at: "16m" },
    also: [{ given: disk(142, root, 1), at: "16m" }],
  },
  HostDiskFull: {
    severity: "critical",
    fires: { given: disk(42), at: "2m", told: { [root]: "4.2% of / of the host are free" } },
    quiet: { given: disk(50), at: "2m" },
  },
  MemoryLow: {
    severity: "warning",
    fires: {
      given: memory(80),
      at: "16m",
      told: {
        [node]: "92% of the host's memory are in use: the kernel ends a process when there is none left",
      },
    },
    quiet: { given: memory(100), at: "16m" },
  },
};
