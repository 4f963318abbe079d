import type { WrittenMap } from "./found";

/** Names of settings of applications whose value may be for few eyes only: no file gets them. */
const telling = /pass|secret|token|credential|api_?key|private/i;

/** Settings as they are written; undefined where one may hold a secret. */
export function writeSettings(settings: readonly string[]): WrittenMap | undefined {
  const entries = settings.map((text) => {
    const at = text.indexOf("=");
    return [text.slice(0, at), text.slice(at + 1)] as const;
  });
  // PostgreSQL's own settings hold no secrets; those with a dot are of extensions and applications.
  if (entries.some(([name]) => name.includes(".") && telling.test(name))) return undefined;
  return Object.fromEntries(entries);
}
