/** A configuration file's text. JSON is YAML as well, and every reader of the one takes the other. */
export function renderFile(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
