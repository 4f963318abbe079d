import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join, posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client, SFTPWrapper, Stats } from "ssh2";
import { lostConnection, SshError } from "../../core/ssh/failure";
import type { SshHop } from "../../core/ssh/login";

/** What is copied: a text, or a file or directory of this machine. */
export type Source = { readonly text: string } | { readonly path: string };

/**
 * Copies to a host over SFTP. A relative path is one of the account's home directory; directories on the way to it are
 * made. A file is written in place: its owner and mode stay, and while it is written others see a part of it.
 *
 * | source | the path is a directory | is not there | is a file |
 * | --- | --- | --- | --- |
 * | text | refused | written | overwritten |
 * | file | to `path/file` | written | overwritten |
 * | `dir` | to `path/dir` | to `path/dir` | refused |
 * | `dir/` | what is in it, to `path` | the same | refused |
 */
export async function upload(client: Client, hop: SshHop, source: Source, remotePath: string): Promise<void> {
  const sftp = await openSftp(client, hop);
  const far = new FarFiles(sftp, hop);
  try {
    await far.makeDirectories(posix.dirname(remotePath));
    if ("text" in source) await copyText(far, hop, source.text, remotePath);
    else if ((await stat(source.path)).isDirectory()) await copyInto(far, source.path, remotePath);
    else await copyFile(far, source.path, remotePath);
  } finally {
    sftp.end();
  }
}

async function copyText(far: FarFiles, hop: SshHop, text: string, path: string): Promise<void> {
  if ((await far.kindOf(path)) === "directory") {
    throw new SshError("sftp", hop, `${path} is a directory`, "a text needs the path of a file.");
  }
  await far.write(path, Readable.from([Buffer.from(text)]));
}

async function copyFile(far: FarFiles, path: string, remotePath: string): Promise<void> {
  const isDirectory = (await far.kindOf(remotePath)) === "directory";
  await far.write(isDirectory ? posix.join(remotePath, basename(path)) : remotePath, createReadStream(path));
}

async function copyInto(far: FarFiles, directory: string, remotePath: string): Promise<void> {
  await far.makeDirectories(remotePath);
  const target = directory.endsWith("/") ? remotePath : posix.join(remotePath, basename(directory));
  await copyDirectory(far, directory, target);
}

async function copyDirectory(far: FarFiles, directory: string, target: string): Promise<void> {
  await far.makeDirectories(target);
  for (const entry of (await readdir(directory)).sort()) {
    const path = join(directory, entry);
    if ((await stat(path)).isDirectory()) await copyDirectory(far, path, posix.join(target, entry));
    else await far.write(posix.join(target, entry), createReadStream(path));
  }
}

function openSftp(client: Client, hop: SshHop): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => {
    client.sftp((error, sftp) => {
      if (!error) {
        resolve(sftp);
        return;
      }
      const hint = "allow it in its sshd_config: `Subsystem sftp internal-sftp`.";
      reject(new SshError("sftp", hop, `has no SFTP server (${error.message})`, hint, { cause: error }));
    });
  });
}

/** "No such file" among the answers of SFTP (draft-ietf-secsh-filexfer-02, 7). */
const noSuchFile = 2;

/** Files of the host. */
class FarFiles {
  constructor(
    private readonly sftp: SFTPWrapper,
    private readonly hop: SshHop,
  ) {}

  kindOf(path: string): Promise<"directory" | "file" | undefined> {
    return new Promise((resolve, reject) => {
      this.sftp.stat(path, (error: (Error & { code?: number }) | undefined, found: Stats) => {
        if (!error) resolve(found.isDirectory() ? "directory" : "file");
        else if (error.code === noSuchFile) resolve(undefined);
        else reject(this.refusal(path, "looked at", error));
      });
    });
  }

  async makeDirectories(path: string): Promise<void> {
    const kind = await this.kindOf(path);
    if (kind === "directory") return;
    if (kind === "file") {
      throw new SshError("sftp", this.hop, `${path} is a file, and no directory`, "choose another path.");
    }
    await this.makeDirectories(posix.dirname(path));
    await new Promise<void>((resolve, reject) => {
      this.sftp.mkdir(path, (error) => {
        if (error) reject(this.refusal(path, "made", error));
        else resolve();
      });
    });
  }

  async write(path: string, content: Readable): Promise<void> {
    try {
      await pipeline(content, this.sftp.createWriteStream(path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error; // of this machine
      throw this.refusal(path, "written", error as Error);
    }
  }

  private refusal(
    path: string,
    action: string,
    error: Error & { readonly code?: number | string },
  ): SshError {
    const isAnswer = typeof error.code === "number";
    if (!isAnswer) return lostConnection(this.hop, `while ${path} was ${action}`, error);
    const hint =
      error.code === 3
        ? "has the account the right to, there and in the directories above?"
        : "is there room, and is the file system writable? `df` and `mount` there tell.";
    return new SshError("sftp", this.hop, `${path} could not be ${action}: ${error.message}`, hint, {
      cause: error,
    });
  }
}
