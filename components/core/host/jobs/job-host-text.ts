import { quoteShell } from "../../shell";
import { markerLines } from "../marker";
import type { JobHostFacts } from "./job-host";
import { jobAccount, type JobPlaces } from "./places";

/** Seconds since 1970 of a winter and a summer: a zone that is UTC in both is UTC. */
const moments = [1_767_225_600, 1_782_864_000];

/** Owner and mode of the program's files, as `stat` tells them. */
const programModes = "root:root 755|root:root 644|";

/**
 * A script for root that tells, in lines `name=value`, what jobs need of a host. It changes nothing.
 *
 * @param of `<project>/<stack>`: whose the program is to be
 * @param dataDirectory of the server; absent: none is known
 */
export function readJobHostScript(places: JobPlaces, of: string, dataDirectory: string | undefined): string {
  const { backups, bundle, command } = places;
  const files = `${quoteShell(command)} ${quoteShell(bundle)}`;
  return [
    "set -u",
    'say() { printf \'%s=%s\\n\' "$1" "$2"; }',
    "[ -d /run/systemd/system ] && say systemd yes",
    "[ -d /etc/cron.d ] && { command -v cron || command -v crond; } >/dev/null 2>&1 && say cron yes",
    `say offsets "${moments.map((moment) => `$(date -d @${moment} +%z)`).join(" ")}"`,
    'say zone "$(date +%Z)"',
    'node=$(command -v node) && say node "$node $("$node" --version)"',
    ...(dataDirectory === undefined
      ? []
      : [`say socket "$(sed -n 5p ${quoteShell(`${dataDirectory}/postmaster.pid`)} 2>/dev/null)"`]),
    `if [ -e ${quoteShell(backups)} ]; then`,
    `  if runuser -u ${jobAccount} -- test -w ${quoteShell(backups)}; then say backups yes; else say backups no; fi`,
    "fi",
    `if [ -e ${quoteShell(command)} ]; then`,
    `  if grep -qxF ${quoteShell(markerLines(of).split("\n", 1).join(""))} ${quoteShell(command)}; then`,
    `    say modes "$(stat -c '%U:%G %a' ${files} 2>/dev/null | tr '\\n' '|')"`,
    `    say program "$(cat ${files} 2>/dev/null | sha256sum | cut -d ' ' -f 1)"`,
    "  else say taken yes; fi",
    "fi",
    "exit 0",
  ].join("\n");
}

/** What {@link readJobHostScript} has told: all but which cluster is meant. */
export interface JobHostTold extends Omit<JobHostFacts, "cluster"> {
  readonly socketDirectory?: string;
}

export function parseJobHost(text: string): JobHostTold {
  const told = new Map(
    text.split("\n").flatMap((line) => {
      const [, name, value] = /^([a-z]+)=(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value.trim()] as const];
    }),
  );
  const [node = "", version] = (told.get("node") ?? "").split(" ");
  const socket = told.get("socket") ?? "";
  const backups = told.get("backups");
  const program = told.get("modes") === programModes ? told.get("program") : undefined;
  return {
    systemd: told.get("systemd") === "yes",
    cron: told.get("cron") === "yes",
    zone: told.get("zone") ?? "unknown",
    isUtc: told.get("offsets") === "+0000 +0000",
    ...(node === "" || version === undefined ? {} : { node: { path: node, version } }),
    ...(socket.startsWith("/") ? { socketDirectory: socket } : {}),
    ...(backups === undefined ? {} : { backups: backups === "yes" }),
    isTaken: told.get("taken") === "yes",
    ...(program === undefined ? {} : { program }),
  };
}

/** A script for root that installs the program, whose bundle comes at standard input, compressed by gzip. */
export function installJobsScript({ bundle, command, ...places }: JobPlaces, commandText: string): string {
  const { program, state, jobs, work, backups } = places;
  const own = `install -d -o ${jobAccount} -g ${jobAccount} -m 0700`;
  return [
    "set -eu",
    "umask 022",
    `install -d -m 0755 /usr/local/lib/pgstead ${quoteShell(program)}`,
    `gzip -dc >${quoteShell(`${bundle}.new`)}`,
    `printf %s ${quoteShell(commandText)} >${quoteShell(`${command}.new`)}`,
    `chown root:root ${quoteShell(`${bundle}.new`)} ${quoteShell(`${command}.new`)}`,
    `chmod 0644 ${quoteShell(`${bundle}.new`)}`,
    `chmod 0755 ${quoteShell(`${command}.new`)}`,
    `mv -f ${quoteShell(`${bundle}.new`)} ${quoteShell(bundle)}`,
    `mv -f ${quoteShell(`${command}.new`)} ${quoteShell(command)}`,
    "[ -d /var/lib/pgstead ] || install -d -m 0755 /var/lib/pgstead",
    `${own} ${[state, jobs, work].map(quoteShell).join(" ")}`,
    `[ -e ${quoteShell(backups)} ] || ${own} ${quoteShell(backups)}`,
  ].join("\n");
}

/** A script for root that removes the program and what the jobs remember, and never a backup; it tells what stays. */
export function removeJobsScript(places: JobPlaces): string {
  const { bundle, command, program, jobs, work, state, backups } = places;
  const quiet = (directory: string): string => `rmdir ${quoteShell(directory)} 2>/dev/null || true`;
  return [
    "set -eu",
    `rm -f ${[bundle, command, `${bundle}.new`, `${command}.new`].map(quoteShell).join(" ")}`,
    quiet(program),
    quiet("/usr/local/lib/pgstead"),
    `rm -rf ${quoteShell(jobs)} ${quoteShell(work)}`,
    quiet(backups),
    quiet(state),
    quiet("/var/lib/pgstead"),
    // Its units are gone by now, and it still has them in mind.
    "[ ! -d /run/systemd/system ] || systemctl daemon-reload",
    `[ ! -e ${quoteShell(backups)} ] || echo stays`,
  ].join("\n");
}
