/** What a bundle of the operations code was made of; it lies beside the bundle, and goes into the image with it. */
export interface OpsBundleRecord {
  /** SHA-256 of the bundle. */
  readonly bundle: string;
  /** SHA-256 of each source file, by its path in the project. */
  readonly files: Readonly<Record<string, string>>;
  /** `name@version` of each npm package, by its directory in the project. */
  readonly packages: Readonly<Record<string, string>>;
}

/** What there is now; undefined: it is gone. */
export interface OpsBundleNow {
  /** SHA-256 of a file, the bundle included, by its path in the project. */
  readonly hashOf: (file: string) => string | undefined;
  /** `name@version` of the package in a directory. */
  readonly packageAt: (directory: string) => string | undefined;
}

/** Where the bundle lies, by the project's directory: in the build context of the image `ops`. */
export const opsBundleFile = "infra/images/ops/build/ops.cjs";
export const opsRecordFile = "infra/images/ops/build/ops.inputs.json";

/**
 * Why the bundle is not the one that the sources give: that it is missing, or the first thing that changed since.
 *
 * @param record text of {@link opsRecordFile}; undefined: there is none
 * @returns undefined: it is up to date
 */
export function judgeOpsBundle(record: string | undefined, now: OpsBundleNow): string | undefined {
  const hash = now.hashOf(opsBundleFile);
  if (record === undefined || hash === undefined) return "it is missing";
  const made = parseRecord(record);
  if (made === undefined) return `${opsRecordFile} cannot be read`;
  if (made.bundle !== hash) return `${opsBundleFile} was changed by something else`;
  return (
    firstChange(made.files, now.hashOf, (file) => file) ??
    firstChange(made.packages, now.packageAt, (_, name) => name)
  );
}

function firstChange(
  made: Readonly<Record<string, string>>,
  read: (place: string) => string | undefined,
  name: (place: string, value: string) => string,
): string | undefined {
  for (const [place, value] of Object.entries(made)) {
    const found = read(place);
    if (found === undefined) return `${name(place, value)} is gone`;
    if (found !== value) return `${name(place, value)} changed`;
  }
  return undefined;
}

function parseRecord(text: string): OpsBundleRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined; // half written, or of an editor
  }
}

function isRecord(value: unknown): value is OpsBundleRecord {
  if (typeof value !== "object" || value === null) return false;
  const { bundle, files, packages } = value as Partial<Record<keyof OpsBundleRecord, unknown>>;
  return typeof bundle === "string" && isTexts(files) && isTexts(packages);
}

function isTexts(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((one) => typeof one === "string")
  );
}
