/**
 * The password of a login in the text of a password file; undefined where no line is its.
 *
 * Lines are `host:port:database:user:password`, the first that fits counts, `*` fits everything, `\` keeps a character
 * from its meaning (libpq, "The Password File").
 */
export function findPassword(
  text: string,
  login: { readonly host: string; readonly port: number; readonly database: string; readonly user: string },
): string | undefined {
  const wanted = [login.host, String(login.port), login.database, login.user];
  for (const line of text.split(/\r?\n/)) {
    if (line === "" || line.startsWith("#")) continue;
    const fields = splitLine(line);
    const fits = wanted.every((value, index) => fields[index]?.raw === "*" || fields[index]?.value === value);
    if (fields.length >= 5 && fits) return fields[4]?.value;
  }
  return undefined;
}

/** The fields with and without their backslashes; what follows a fifth colon is nobody's. */
function splitLine(line: string): { raw: string; value: string }[] {
  const fields = [...line.matchAll(/(?:^|:)((?:\\.|[^:\\])*)/g)];
  return fields.map(([, raw = ""]) => ({ raw, value: raw.replace(/\\(.)/g, "$1") }));
}
