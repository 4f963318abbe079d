import type { BucketPlan, CopiesPlan, CopyPlan } from "../../components/core/copies/plan";
import type { RepositoryBucket } from "../../components/core/physical/configuration";
import type { WrittenConfig } from "./schema";

type WrittenCopy = WrittenConfig["backup"]["copies"][number];
type WrittenPlace = Omit<NonNullable<WrittenCopy["s3"]>, "checksums" | "secretAccessKeyFile">;

/** Where a copy has no name it has that of its kind. */
export function copyName({ name, s3 }: WrittenCopy): string {
  return name ?? (s3 === undefined ? "path" : "s3");
}

/** What is declared of copies, complete. What is not well-formed has been told of already. */
export function resolveCopies({ backup: { copies, encryption } }: WrittenConfig): CopiesPlan {
  return {
    copies: copies.map(resolveCopy),
    recipients: typeof encryption === "object" ? encryption.age : [],
  };
}

function resolveCopy(copy: WrittenCopy): CopyPlan {
  const name = copyName(copy);
  return copy.s3 === undefined ? { name, path: copy.path ?? "" } : { name, s3: resolveBucket(copy.s3) };
}

function resolveBucket(written: NonNullable<WrittenCopy["s3"]>): BucketPlan {
  const { endpoint, secretAccessKeyFile } = written;
  return {
    ...resolvePlace(written),
    checksums: written.checksums ?? (endpoint === undefined ? "when_supported" : "when_required"),
    ...(secretAccessKeyFile === undefined ? {} : { secretAccessKeyFile }),
  };
}

/** What every place in object storage has. */
export function resolvePlace(written: WrittenPlace): RepositoryBucket {
  const { bucket, prefix, endpoint, region, accessKeyId, ca } = written;
  return {
    ...{ bucket, region, accessKeyId },
    prefix: prefix === "" ? "" : `${prefix.replace(/\/$/, "")}/`,
    pathStyle: written.pathStyle ?? endpoint !== undefined,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(ca === undefined ? {} : { ca }),
  };
}
