import { problemError, type ProblemError } from "../problem";
import { storageFailure } from "./storage-failure";
import { visible } from "../visible";

/** How pgBackRest ended. */
export interface BackRestEnd {
  readonly exitCode: number;
  readonly stderr: string;
}

interface Meaning {
  readonly message?: string;
  readonly hint: string;
}

/** Exit codes whose own message does not say what to do. Seen with 2.55. */
const meanings: Readonly<Record<number, Meaning>> = {
  27: { hint: "is the server running, and may the administrator come in over its socket (pg_hba.conf)?" },
  28: { hint: "is the repository that of this server? Another server needs another repository" },
  40: {
    hint: "what is left there is of a repository that is gone: remove the directories archive and backup from the volume of the repository, then run this again",
  },
  44: { hint: "is the repository that of this server? Another server needs another repository" },
  50: {
    message: "another run has the repository's lock: a backup, or the deletion of old ones, is under way",
    hint: "wait until it has ended, then try again; the log of the ops container says what it does",
  },
  51: { hint: "is the repository that of this server? Another server needs another repository" },
  55: { hint: "run `npm run pulumi -- up`: it makes what the repository needs" },
  56: { hint: "is the server running, and may the administrator come in over its socket (pg_hba.conf)?" },
  63: { message: "was asked to end before it was done", hint: "run it again: it goes on with what is there" },
  64: { hint: "is there room on the volume of the repository? Make some, then try again" },
  75: { hint: "choose a moment after the end of the oldest backup" },
  82: {
    message: "the log of the server does not arrive in the repository",
    hint: "see the server's log for what archive_command says, and whether the volume of the repository is full",
  },
  87: { hint: "run `npm run pulumi -- up`: it turns archiving on, which takes a restart of the server" },
  95: {
    message:
      "what is in the repository cannot be decrypted: it was damaged, or the passphrase is another one",
    hint: "restore from a backup before the damage, and take a full backup; is the disk sound?",
  },
};

/**
 * What went wrong, in one error.
 *
 * @param what was being done, such as `the full backup`
 */
export function backRestFailure(what: string, { exitCode, stderr }: BackRestEnd): ProblemError {
  const said = readErrors(stderr);
  if (stderr.includes("No space left on device")) {
    return problemError(
      what,
      "there is no space left on the volume",
      "make room, then try again; nothing good was deleted",
    );
  }
  const storage = storageFailure(stderr);
  if (storage !== undefined) {
    return problemError(what, `${beyond(stderr)}${storage.message}`, storage.hint);
  }
  const known = meanings[exitCode];
  const own = said.message === "" ? `pgbackrest ended with ${exitCode} and said nothing` : said.message;
  const message = known?.message === undefined ? own : `${known.message} (${own})`;
  const fallback = said.hint === "" ? "see the log of the server and of the ops container" : said.hint;
  return problemError(what, message, known?.hint ?? fallback);
}

/** Only the second repository is at a service. */
function beyond(stderr: string): string {
  return stderr.includes("repo1:") ? "" : "the second repository: ";
}

/** What the program warned of, one text a line. */
export function readWarnings(stderr: string): string[] {
  return entriesOf(stderr)
    .filter(({ level }) => level === "WARN")
    .map(({ text }) => text);
}

function readErrors(stderr: string): { message: string; hint: string } {
  const [first] = entriesOf(stderr).filter(({ level }) => level === "ERROR");
  const lines = (first?.text ?? "").split("\n").map((line) => line.trim());
  const hints = lines.filter((line) => line.startsWith("HINT: ")).map((line) => line.slice("HINT: ".length));
  const [message = ""] = lines;
  return { message, hint: hints.join(" ") };
}

interface Entry {
  readonly level: string;
  readonly text: string;
}

/** Lines begin with their level, after a number of the process where there are several; others go on from the one before. */
function entriesOf(stderr: string): Entry[] {
  const entries: { level: string; text: string }[] = [];
  for (const line of stderr.split("\n")) {
    const found = /^(?:P\d+\s+)?(ERROR|WARN|INFO):\s+(?:\[\d+\]: )?(.*)$/.exec(line);
    const last = entries.at(-1);
    if (found !== null) entries.push({ level: found[1] ?? "", text: visible(found[2] ?? "") });
    else if (last !== undefined && line.trim() !== "") last.text += `\n${visible(line)}`;
  }
  return entries;
}
