/** What object storage says of an object that it keeps, made by the service itself of what arrived there. */
export interface StoredObject {
  /** `x-amz-checksum-sha256`: in base64, with `-<parts>` where it is made of the checksums of the parts. */
  readonly sha256?: string | undefined;
  /** Usually an MD5, in quotes, with `-<parts>` where it is made of those of the parts; nobody promises it. */
  readonly etag?: string | undefined;
}

/** The same of what was sent. */
export interface SentObject {
  /** In base64: of the whole content where it went in one, else of the checksums of the parts. */
  readonly sha256: string;
  /** In hexadecimal: of the whole content where it went in one, else of the parts. */
  readonly md5: string;
}

/**
 * Compares an object with what was sent, without reading it.
 *
 * An ETag that is not the MD5 tells nothing: services that encrypt with keys of their own have others there.
 *
 * @param whole SHA-256 of the whole content in base64: some have it of what came in parts as well
 * @returns `unknown`: only its bytes can tell
 */
export function judgeStored(
  { sha256, etag }: StoredObject,
  sent: SentObject,
  whole: string,
): "same" | "other" | "unknown" {
  if (sha256 !== undefined) return [sent.sha256, whole].includes(sha256) ? "same" : "other";
  return etag?.replaceAll('"', "").toLowerCase() === sent.md5 ? "same" : "unknown";
}
