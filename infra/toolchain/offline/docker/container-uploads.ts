import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { pack } from "tar-stream";
import { problemError } from "../../../../components/core/problem";
import type { UploadValues } from "./container-values";
import { errorMessage } from "../../../../components/core/error-message";

/** The archive of a container's uploads, for its root directory. Owned by root. */
export function uploadArchive(uploads: readonly UploadValues[]): NodeJS.ReadableStream {
  const archive = pack();
  for (const upload of uploads) {
    const name = upload.file.replace(/^\/+/, "");
    archive.entry({ name, mode: modeOf(upload), uid: 0, gid: 0, mtime: new Date() }, contentOf(upload));
  }
  archive.finalize();
  return Readable.from(archive);
}

function modeOf({ permissions, executable }: UploadValues): number {
  if (permissions !== undefined && permissions !== "") return Number.parseInt(permissions, 8);
  return executable === true ? 0o744 : 0o644;
}

function contentOf({ file, content = "", contentBase64 = "", source = "" }: UploadValues): Buffer {
  if (content !== "") return Buffer.from(content, "utf8");
  if (contentBase64 !== "") return Buffer.from(contentBase64, "base64");
  try {
    return readFileSync(source);
  } catch (error) {
    const reason = errorMessage(error);
    const hint = "source of an upload is a file here, relative to the directory that Pulumi runs in.";
    throw problemError(`upload ${file}`, `cannot be read: ${reason}`, hint, { cause: error });
  }
}
