/**
 * Why a replay did not come to the end of the log; undefined: it did. A file that is missing in the middle ends it early,
 * without an error.
 *
 * @param newest name of the newest file of the log that has arrived
 * @param replayed where in the log the replay ended: `0/2000028`
 * @param segmentBytes size of a file of the log
 */
export function findLogGap(newest: string, replayed: string, segmentBytes: number): string | undefined {
  const [, log = "", segment = ""] = /^[0-9A-F]{8}([0-9A-F]{8})([0-9A-F]{8})/.exec(newest) ?? [];
  const [, high = "", low = ""] = /^([0-9A-F]+)\/([0-9A-F]+)$/.exec(replayed) ?? [];
  if (log === "" || high === "") return `nobody knows how far the log was replayed: ${newest}, ${replayed}`;
  const begin = (BigInt(`0x${log}`) << 32n) + BigInt(`0x${segment}`) * BigInt(segmentBytes);
  const end = (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
  if (end > begin) return undefined;
  return `the log was replayed to ${replayed}, and does not reach ${newest}, which has arrived: a file in between is missing or damaged`;
}
