/** What a client program said at its standard error. */
export interface Said {
  readonly warnings: readonly string[];
  /** Everything else: it is no good run that says it. */
  readonly errors: readonly string[];
}

/** Tells warnings from errors; a line that is neither is an error, as nobody knows what it means. */
export function judgeOutput(stderr: string): Said {
  const warnings: string[] = [];
  const errors: string[] = [];
  let isWarning = false;
  for (const line of stderr
    .split("\n")
    .map((text) => text.trim())
    .filter((text) => text !== "")) {
    const [, level = ""] =
      /^(?:pg_\w+: |psql:[^:]*:\d+: )?(warning|WARNING|NOTICE|detail|DETAIL|hint|HINT):/.exec(line) ?? [];
    if (/^(?:warning|notice)$/i.test(level)) isWarning = true;
    else if (level === "") isWarning = false;
    (isWarning ? warnings : errors).push(line);
  }
  return { warnings, errors };
}

/** `pg_dump (PostgreSQL) 17.10 (Debian 17.10-1)`: the version, and its first number. */
export function parseToolVersion(
  text: string,
): { readonly version: string; readonly major: number } | undefined {
  const [, version = "", major = ""] = /\(PostgreSQL\) ((\d+)\S*)/.exec(text) ?? [];
  return version === "" ? undefined : { version, major: Number(major) };
}
