/** Settings of a role as `pg_roles.rolconfig` lists them: `name=value`. */
export class RoleSettings {
  private readonly values: ReadonlyMap<string, string>;

  constructor(lines: readonly string[] | null) {
    const pairs = (lines ?? []).map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)] as const;
    });
    this.values = new Map(pairs);
  }

  /** Null: the role has no search path of its own. */
  searchPaths(): readonly string[] | null {
    const text = this.values.get("search_path");
    if (text === undefined) return null;
    return text.split(/,\s*/).map((item) => item.replace(/^"(.*)"$/, "$1").replaceAll('""', '"'));
  }

  /** The role that a session becomes (`ALTER ROLE … SET role`); empty is none. */
  assumedRole(): string {
    return (this.values.get("role") ?? "").replace(/^"(.*)"$/, "$1");
  }

  /** Milliseconds of a time-out; 0 is none. */
  milliseconds(name: string): number {
    const text = this.values.get(name);
    if (text === undefined) return 0;
    const [, number = "", unit = "ms"] = /^\s*(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d)?\s*$/.exec(text) ?? [];
    const factor = factors[unit];
    if (number === "" || factor === undefined) {
      throw new Error(`the role's ${name} is ${text}, which is not a duration that PostgreSQL writes`);
    }
    return Math.round(Number(number) * factor);
  }
}

const factors: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
