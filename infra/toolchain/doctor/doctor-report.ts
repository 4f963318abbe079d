/** One thing that `npm run doctor` looked at. */
export interface Finding {
  readonly name: string;
  /** `ok`; `fetch`: missing, and the next run gets it by itself; `missing`: somebody has to do something. */
  readonly state: "ok" | "fetch" | "missing";
  readonly version?: string;
  /** Where it was found, or would be put. */
  readonly place?: string;
  /** What was found, or what would be done. */
  readonly detail: string;
  readonly hint?: string;
}

/** 0: all is there; 1: the next run will fetch or build something; 2: something is missing that it cannot get. Pure. */
export function exitCodeOf(findings: readonly Finding[]): number {
  if (findings.some(({ state }) => state === "missing")) return 2;
  return findings.some(({ state }) => state === "fetch") ? 1 : 0;
}

export function renderFindings(findings: readonly Finding[]): string {
  const marks = { ok: "ok     ", fetch: "to get ", missing: "MISSING" } as const;
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ name, state, version, place, detail, hint }) => [
    [marks[state], name.padEnd(width), ...(version === undefined ? [] : [version]), detail].join("  "),
    ...(place === undefined ? [] : [`${" ".repeat(width + 11)}${place}`]),
    ...(hint === undefined ? [] : [`${" ".repeat(width + 11)}hint: ${hint}`]),
  ]);
  return [...lines, "", summaries[exitCodeOf(findings)]].join("\n");
}

const summaries: Readonly<Record<number, string>> = {
  0: "Everything is there: `npm start` has nothing to fetch.",
  1: "`npm start` gets what is marked `to get`; nobody has to do anything.",
  2: "What is marked MISSING has to be mended first.",
};
