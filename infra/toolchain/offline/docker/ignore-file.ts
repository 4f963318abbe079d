/** Paths of a build context that `.dockerignore` excludes, as Docker's own client understands it. Pure. */
export interface IgnoreRules {
  /** True for a path, relative and with slashes, that is not sent to the engine. */
  readonly excludes: (path: string) => boolean;
  /** Whether something below an excluded directory may be taken back by a `!` rule. */
  readonly hasExceptions: boolean;
}

interface Rule {
  readonly pattern: RegExp;
  readonly isException: boolean;
}

export function parseIgnoreFile(text: string): IgnoreRules {
  const rules = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .flatMap((line) => rule(line));
  return {
    hasExceptions: rules.some(({ isException }) => isException),
    excludes(path) {
      const parts = path.split("/");
      // A rule for a directory is one for all that is below it.
      const places = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
      let excluded = false;
      for (const { pattern, isException } of rules) {
        if (places.some((place) => pattern.test(place))) excluded = !isException;
      }
      return excluded;
    },
  };
}

function rule(line: string): Rule[] {
  if (line.startsWith("#")) return [];
  const trimmed = line.trim();
  const isException = trimmed.startsWith("!");
  const cleaned = clean(isException ? trimmed.slice(1).trim() : trimmed);
  return cleaned === "" ? [] : [{ pattern: toRegExp(cleaned), isException }];
}

/** As Go's filepath.Clean, and without the slash that begins it. */
function clean(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0) parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}

function toRegExp(pattern: string): RegExp {
  let source = "";
  for (let at = 0; at < pattern.length; at++) {
    const rest = pattern.slice(at);
    const set = /^\[(\^?)([^\]]+)\]/.exec(rest);
    if (rest.startsWith("**")) {
      const isDirectory = rest.startsWith("**/");
      // `**/a` is `a` in any directory, the first one included.
      source += isDirectory ? "(?:.*/)?" : ".*";
      at += isDirectory ? 2 : 1;
    } else if (rest.startsWith("*")) source += "[^/]*";
    else if (rest.startsWith("?")) source += "[^/]";
    else if (set !== null) {
      source += `[${set[1] ?? ""}${(set[2] ?? "").replace(/\\/g, "\\\\")}]`;
      at += set[0].length - 1;
    } else if (rest.startsWith("\\") && rest.length > 1) {
      source += escape(rest.charAt(1));
      at += 1;
    } else source += escape(rest.charAt(0));
  }
  return new RegExp(`^${source}$`, "s");
}

function escape(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
