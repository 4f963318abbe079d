/** What is said of a service of object storage, and what to do. */
export interface StorageFailure {
  readonly message: string;
  readonly hint: string;
}

const secretHint =
  "mend accessKeyId of `second`, or the secret: `npm run pulumi -- config set --secret --path pgstead:repositorySecrets.secretAccessKey`, then `up`";

/** Errors that services tell by name. */
const named: readonly { readonly names: RegExp; readonly message: string; readonly hint: string }[] = [
  {
    names: /^(?:InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|ExpiredToken)$/,
    message: "the credentials are refused",
    hint: secretHint,
  },
  {
    names: /^(?:AccessDenied|Forbidden)$/,
    message: "the access key may not do this",
    hint: "it needs to list, read, write and delete below the prefix (s3:ListBucket, GetObject, PutObject, DeleteObject)",
  },
  {
    names: /^(?:NoSuchBucket|InvalidBucketName)$/,
    message: "there is no such bucket",
    hint: "make it, or mend bucket of `second`; the log waits on the data volume until then",
  },
  {
    names: /^(?:PermanentRedirect|AuthorizationHeaderMalformed)$/,
    message: "the bucket is in another region",
    hint: "mend region, or endpoint, of `second`",
  },
  { names: /^RequestTimeTooSkewed$/, message: "the clocks differ", hint: "set the clock of the host" },
];

/**
 * What pgBackRest says of a service that it cannot work with, in one line; undefined: its text is about something else. The
 * request that it repeats is left out.
 */
export function storageFailure(text: string): StorageFailure | undefined {
  const [, certificate] = /unable to verify certificate presented by ('[^']+'[^\n]*)/.exec(text) ?? [];
  if (certificate !== undefined) {
    return {
      message: `the certificate of the service is not trusted: ${certificate}`,
      hint: "is endpoint of `second` right? Where the certificate is of an authority of your own, name that with `ca`",
    };
  }
  const [, status] = /HTTP request failed with (\d+[^:\n]*)/.exec(text) ?? [];
  if (status !== undefined) return answered(text, status.trim());
  const [, connect] =
    /((?:unable to get address for|unable to connect to|timeout connecting to|unexpected (?:TLS )?eof)[^\n]*)/i.exec(
      text,
    ) ?? [];
  if (connect === undefined) return undefined;
  return {
    message: `the service does not answer: ${connect}`,
    hint: "is it up, and do the stack's containers reach it? The log waits on the data volume, and is sent by itself later",
  };
}

function answered(text: string, status: string): StorageFailure {
  const [, code = "", said = ""] =
    /<Code>([^<]*)<\/Code>\s*(?:<Message>([^<]*)<\/Message>)?/.exec(text) ?? [];
  const told = [code, said].filter((part) => part !== "").join(": ");
  const known = named.find(({ names }) => names.test(code)) ?? refused(status);
  if (known !== undefined)
    return { message: `${known.message} (${told === "" ? status : told})`, hint: known.hint };
  return { message: `the service answered ${status}${told === "" ? "" : `: ${told}`}`, hint: "is it well?" };
}

/** An answer to HEAD has no body that would say more. */
function refused(status: string): (typeof named)[number] | undefined {
  return status.startsWith("403")
    ? { names: /^$/, message: "the credentials are refused", hint: secretHint }
    : undefined;
}
