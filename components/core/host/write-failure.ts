import { isOutOfSpace } from "../docker/full-volume";
import { problemError, type ProblemError } from "../problem";

/** Why files of a host could not be written, by what its programs say. Pure. */
export function explainHostWrite(host: string, said: string): ProblemError {
  const text = said.trim().split("\n").slice(-3).join("; ");
  const make = (message: string, hint: string): ProblemError =>
    problemError(`files on ${host}`, `${message}; those that were there stay as they were: ${text}`, hint);
  // As tar says it where a part of a file still found room.
  if (isOutOfSpace(said) || /wrote only \d+ of \d+ bytes/i.test(said)) {
    return make("there is no room for them", "make some there (`df -h` tells where), and run this again.");
  }
  if (/read-only file system/i.test(said)) {
    return make(
      "the file system there is read-only",
      "a kernel makes it so after an error of the disk: `dmesg` there tells. Run this again when it can be written.",
    );
  }
  if (/operation not permitted/i.test(said)) {
    return make("the host does not let them be changed", "is one of them immutable (`lsattr` there tells)?");
  }
  if (/tar: (?:command )?not found|tar: No such file/.test(said)) {
    return make("the host has no tar", "install it there: `apt-get install tar`.");
  }
  return make(text === "" ? "it ended without a word" : "it failed", "mend that and run this again.");
}
