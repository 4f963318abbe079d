/** Keys and indexes from `config` on. */
export type KeyPath = readonly (string | number)[];

/** As Pulumi writes a secret into a stack's file: `{ secure: … }`. */
export function isSecret(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return entries.length === 1 && entries[0]?.[0] === "secure" && typeof entries[0][1] === "string";
}

/** Where secrets stand in a value. */
export function findSecrets(value: unknown, path: KeyPath): KeyPath[] {
  if (isSecret(value)) return [path];
  if (Array.isArray(value)) return value.flatMap((entry, index) => findSecrets(entry, [...path, index]));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => findSecrets(inner, [...path, key]));
}

/** As `pulumi config set --path` takes it: `aws:proxy.users[0].token`, `aws:tags["a.b"]`. */
export function renderKeyPath([key = "", ...rest]: KeyPath): string {
  return rest.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    return /^[\w-]+$/.test(step) ? `${text}.${step}` : `${text}[${JSON.stringify(step)}]`;
  }, String(key));
}
