import { problemError, type Problem } from "../problem";

/**
 * What `pgbackrest verify --output=text` found wrong; none: every file of the repository has the checksum that it was
 * written with. The program ends with 0 although it found files that are missing or damaged.
 *
 * @throws ProblemError the text does not say how the repository is
 */
export function parseVerification(text: string): Problem[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const status = lines
    .map((line) => /^status: (\w+)$/.exec(line.trim())?.[1])
    .find((word) => word !== undefined);
  if (status === "ok") return [];
  if (status === undefined) {
    throw problemError(
      "pgbackrest verify",
      "did not say how the repository is",
      "look whether its version is one that pgstead knows (2.55), and please report this",
    );
  }
  const faults = lines.flatMap((line, index) => {
    const found = /^\s+(?:backup: ([^,\s]+), status: (?!valid)(\w[\w ]*)|archiveId: ([^,\s]+),)/.exec(line);
    if (found === null) return [];
    const counts = countsOf(lines[index + 1] ?? "");
    const [, backup, state, archive] = found;
    if (backup === undefined && counts === "") return [];
    return [
      damaged(backup === undefined ? `log of server ${archive ?? ""}` : `backup ${backup}`, state, counts),
    ];
  });
  return faults.length > 0 ? faults : [damaged("the repository", status, lines.slice(1, 6).join("; "))];
}

function damaged(path: string, state: string | undefined, counts: string): Problem {
  const message = [`is ${state ?? "damaged"}`, ...(counts === "" ? [] : [counts])].join(": ");
  return { path, message, hint: "take a full backup now, and look whether the disk is sound" };
}

/** `missing: 0, checksum invalid: 1` becomes `checksum invalid: 1`. */
function countsOf(line: string): string {
  return line
    .trim()
    .split(", ")
    .filter((part) => /^(?:missing|checksum invalid|size invalid|other): [1-9]/.test(part))
    .join(", ");
}
