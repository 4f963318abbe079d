/** The revision after one more write: what was known before `up` is what comes true in it. */
export function nextRevision(revision: string): string {
  const [, start = revision, count = "1"] = /^(.*)\.(\d+)$/.exec(revision) ?? [];
  return `${start}.${Number(count) + 1}`;
}
