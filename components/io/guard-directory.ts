import { spawn } from "node:child_process";
import type { Writable } from "node:stream";

/**
 * Where the pipe ends without a word, the process that has its other end has been killed. A server in the directory ends by
 * itself then, and its account cannot remove a directory that lies in another one's; what was at work may still write there.
 */
const program = `read -r word <&3 && exit
tries=0
while [ -e "$1/data/postmaster.pid" ] && [ $tries -lt 120 ]; do sleep 1; tries=$((tries + 1)); done
while [ -e "$1" ] && [ $tries -lt 120 ]; do rm -rf "$1" 2>/dev/null || :; sleep 1; tries=$((tries + 1)); done`;

/** Has a directory removed where this process is killed. @returns ends that */
export function guardDirectory(directory: string): () => void {
  const child = spawn("/bin/sh", ["-c", program, "pgstead-guard", directory], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
    cwd: "/",
    // What a terminal sends to its group is for this process, which removes it in order.
    detached: true,
    env: { PATH: process.env.PATH ?? "/usr/bin:/bin" },
  });
  child.on("error", () => undefined); // the next run removes it
  const pipe = child.stdio[3] as Writable | null;
  pipe?.on("error", () => undefined); // it was ended from outside
  child.unref();
  return () => {
    pipe?.end("end\n");
  };
}
