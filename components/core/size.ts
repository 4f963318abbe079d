const units = ["bytes", "kB", "MB", "GB", "TB", "PB"] as const;

/** A number of bytes as PostgreSQL writes sizes, in steps of 1024, with one decimal below 10: `7.4 MB`, `512 kB`. */
export function renderSize(bytes: number): string {
  let value = bytes;
  let step = 0;
  while (value >= 1023.5 && step < units.length - 1) {
    value /= 1024;
    step += 1;
  }
  const digits = step > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[step] ?? "PB"}`;
}
