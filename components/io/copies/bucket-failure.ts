import { problemError, ProblemError } from "../../core/problem";
import { LostWayError } from "./destination";

/** What is done about the errors that services tell by name. */
const told: readonly { readonly names: RegExp; readonly message?: string; readonly hint: string }[] = [
  {
    names: /^(?:InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|ExpiredToken)$/,
    message: "the credentials are refused",
    hint: "mend s3.accessKeyId, or the secret access key: `npm run pulumi -- config set --secret --path pgstead:copySecrets.<name>`",
  },
  {
    names: /^(?:AccessDenied|Forbidden|403)$/,
    message: "the access key may not do this",
    hint: "it needs to list, read, write and delete below the prefix (s3:ListBucket, GetObject, PutObject, DeleteObject, AbortMultipartUpload, ListBucketMultipartUploads)",
  },
  { names: /^NoSuchBucket$/, message: "there is no such bucket", hint: "make it, or mend s3.bucket" },
  {
    names: /^(?:NoSuchKey|NotFound)$/,
    message: "a file of the copy is not there",
    hint: "`backup verify` says what is missing; the next run sends it again",
  },
  {
    names: /^(?:PermanentRedirect|AuthorizationHeaderMalformed|301)$/,
    hint: "the bucket is in another region: mend s3.region or s3.endpoint",
  },
  { names: /^RequestTimeTooSkewed$/, hint: "set this machine's clock" },
  {
    names: /Checksum|XAmzContentSHA256Mismatch|BadDigest|NotImplemented/,
    hint: "does the service know the newer checksums? Try s3.checksums: when_required",
  },
  {
    names: /CERT|TLS|SELF_SIGNED|LEAF_SIGNATURE/,
    message: "the certificate of the service is not trusted",
    hint: "is s3.endpoint right? Where the certificate is of an authority of your own, name that with s3.ca",
  },
];

const again = "is it up, and does this machine reach it? The next run sends what is missing: `backup send`";

/** What a service, or the way to it, says, with what to do. It never repeats a request, which has credentials. */
export function bucketFailure(copy: string, where: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ProblemError) return error;
  const { name, $metadata, code, message } = error as Error & {
    readonly code?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
  };
  if (!isFromOutside(error)) return error;
  const words = [name, typeof code === "string" ? code : "", String($metadata?.httpStatusCode ?? "")];
  const known = told.find(({ names }) => words.some((word) => names.test(word)));
  const said = [name === "Error" ? "" : name, message].filter((part) => part !== "").join(": ");
  const tries = ($metadata?.attempts ?? 1) > 1 ? `, after ${$metadata?.attempts} attempts` : "";
  const text = known?.message === undefined ? `${said}${tries}` : `${known.message} (${said})`;
  const title = `copy ${copy} (${where})`;
  if (known !== undefined) return problemError(title, text, known.hint, { cause: error });
  return new LostWayError(title, [{ path: "", message: text, hint: again }], { cause: error });
}

/** A service's answer, or one of the system's; anything else is a fault of this program. */
function isFromOutside(error: Error): boolean {
  if ("$metadata" in error || "syscall" in error) return true;
  const { code } = error as { readonly code?: unknown };
  return /^(?:TimeoutError|NetworkingError|AbortError)$/.test(error.name) || typeof code === "string";
}
