/** A place elsewhere that gets every backup. */
export type CopyPlan = DirectoryCopy | BucketCopy;

/** A directory, such as a mounted file system of another machine. */
export interface DirectoryCopy {
  readonly name: string;
  readonly path: string;
  /** What people call it, where `path` is that of a container. */
  readonly shownAs?: string | undefined;
}

/** Object storage that speaks S3. */
export interface BucketCopy {
  readonly name: string;
  readonly s3: BucketPlan;
}

export const checksumWays = ["when_required", "when_supported"] as const;

/** Everything but the secret access key. */
export interface BucketPlan {
  readonly bucket: string;
  /** Empty, or with `/` at its end. */
  readonly prefix: string;
  /** Absent: that of AWS. */
  readonly endpoint?: string | undefined;
  readonly region: string;
  /** The bucket in the path of an address rather than in the name of its host. */
  readonly pathStyle: boolean;
  readonly accessKeyId: string;
  /** Whether requests have the checksums that came in 2025; other makers' services may refuse them. */
  readonly checksums: (typeof checksumWays)[number];
  /** File of the authority that signed the service's certificate, the only one that counts then; absent: the usual ones do. */
  readonly ca?: string | undefined;
  /** File with the secret access key; absent: the configuration of the stack has it. */
  readonly secretAccessKeyFile?: string | undefined;
}

/** What a stack declares of copies. */
export interface CopiesPlan {
  readonly copies: readonly CopyPlan[];
  /** Public keys of age; none: copies are as their originals. */
  readonly recipients: readonly string[];
}

export const noCopies: CopiesPlan = { copies: [], recipients: [] };

/** Where the copies go, for people. */
export function whereIs(plan: CopyPlan): string {
  return "path" in plan ? (plan.shownAs ?? plan.path) : whereIsBucket(plan.s3);
}

/** A place in object storage, for people. */
export function whereIsBucket({
  endpoint,
  bucket,
  prefix,
}: Pick<BucketPlan, "endpoint" | "bucket" | "prefix">): string {
  const place = `s3://${bucket}/${prefix}`;
  return endpoint === undefined ? place : `${place} at ${endpoint}`;
}

/** What may stand in the name of a file. */
export function isCopyName(name: string): boolean {
  return /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(name);
}

/** File of the ops container with a copy's secret access key. */
export const secretFile = (copy: string): string => `copy-${copy}.key`;

/** File of the ops container with the certificate of the authority of a copy's service. */
export const authorityFile = (copy: string): string => `copy-${copy}-ca.crt`;

/** Where the ops container has the directory of a copy. */
export const mountPath = (copy: string): string => `/mnt/pgstead/${copy}`;

/** The same in the ops container: directories and secrets are where it has them. */
export function copiesInside({ copies, recipients }: CopiesPlan, filesPath: string): CopiesPlan {
  const inside = (plan: CopyPlan): CopyPlan => {
    const { name } = plan;
    if ("path" in plan) return { name, path: mountPath(name), shownAs: plan.path };
    const ca = plan.s3.ca === undefined ? {} : { ca: `${filesPath}/${authorityFile(name)}` };
    return { name, s3: { ...plan.s3, ...ca, secretAccessKeyFile: `${filesPath}/${secretFile(name)}` } };
  };
  return { copies: copies.map(inside), recipients };
}

const mebibyte = 1024 ** 2;

/** S3 takes 10,000 parts of an object, each of 5 MiB at least. */
export function partSize(bytes: number): number {
  return Math.max(8 * mebibyte, Math.ceil(bytes / 9_000 / mebibyte) * mebibyte);
}
