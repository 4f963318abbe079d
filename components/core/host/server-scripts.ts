import { quoteShell } from "../shell";
import { autoFile } from "../settings/catalog";
import type { HostCluster } from "./facts";

/** How a script about a server ended, where that was not well. */
export const serverExit = {
  /** There is no such file. */
  absent: 44,
  /** It did not start, or ended while it did; what it said is on standard error. */
  failed: 45,
  /** The same, and with the settings of before it runs again. */
  undone: 46,
  /** It did not stop in time. */
  stays: 47,
  /** It runs, and its service manager says that it does not: somebody started it by hand. */
  strange: 48,
} as const;

/** Seconds that a server has to stop, and to take sessions after its start: replay of WAL takes long. */
export const serverSeconds = { stop: 120, start: 300 } as const;

/** The words of the service manager for a cluster: systemd's unit where there is one, else Debian's own program. */
export function serviceCommands(cluster: HostCluster): { readonly start: string; readonly stop: string } {
  const { unit, layout, name } = cluster;
  if (unit !== undefined) {
    // Starts that failed a moment ago count: systemd gives up after five.
    const start = `systemctl reset-failed ${unit} 2>/dev/null; systemctl start ${unit}`;
    return { start, stop: `systemctl stop ${unit}` };
  }
  if (layout === "rpm") return { start: "false", stop: "false" };
  const words = name.split("/").map(quoteShell).join(" ");
  return { start: `pg_ctlcluster ${words} start`, stop: `pg_ctlcluster -m fast ${words} stop` };
}

/** Starts the server and waits until it takes sessions; running already: only waits. For root. */
export function startScript(cluster: HostCluster): string {
  return `${prelude(cluster)}\nstart`;
}

/** Ends its sessions and stops it, with a checkpoint; not running: nothing. For root. */
export function stopScript(cluster: HostCluster): string {
  return `${prelude(cluster)}\nstop`;
}

/**
 * Stops and starts the server. Where it does not start, what `proven` holds becomes its postgresql.auto.conf, and it is
 * started with that. It goes on to its end where whoever asked for it is gone. For root.
 *
 * @param proven name of a file in the data directory
 */
export function restartScript(cluster: HostCluster, proven: string): string {
  return `${prelude(cluster)}
trap '' HUP PIPE INT TERM
stop
said=$( (start) 2>&1) && exit 0
${putBackScript(cluster, proven)}
again=$( (start) 2>&1) && { printf '%s\\n' "$said" >&2; exit ${serverExit.undone}; }
printf '%s\\n' "$said" >&2
exit ${serverExit.failed}`;
}

/**
 * Puts the settings back that a run had kept and was killed before it could, in place of those that the server does not
 * start with, and starts it. Nothing where it runs, or no run was killed. Prints `settled` where it did. For root.
 */
export function settleScript(cluster: HostCluster, proven: string): string {
  return `${isHalfDoneScript(cluster, proven)}
${putBackScript(cluster, proven)}
start
echo settled`;
}

/** Prints `waits` where {@link settleScript} has something to do. Changes nothing. For root. */
export function isHalfDoneScript(cluster: HostCluster, proven: string): string {
  return `${prelude(cluster)}
if runs || [ ! -e "$data"/${quoteShell(proven)} ]; then exit 0; fi
echo waits`;
}

/** By renaming it: whoever looks finds the one file or the other, owner and mode as the server made them. */
function putBackScript({ dataDirectory }: HostCluster, proven: string): string {
  const [from, to] = [proven, autoFile].map((name) => quoteShell(`${dataDirectory}/${name}`));
  return `if [ -e ${from} ]; then mv -f ${from} ${to} && sync ${to} && sync "$data"; fi`;
}

function prelude(cluster: HostCluster): string {
  const { dataDirectory, logFile = "", unit = "" } = cluster;
  const { start, stop } = serviceCommands(cluster);
  return `
export LC_ALL=C
cd /
data=${quoteShell(dataDirectory)}
log=${quoteShell(logFile)}
line() { sed -n "$1p" "$data/postmaster.pid" 2>/dev/null | tr -d ' '; }
runs() {
  case $(cat "/proc/$(line 1)/comm" 2>/dev/null) in postgres | postmaster) return 0 ;; esac
  return 1
}
size() { if [ -f "$1" ]; then wc -c < "$1"; else echo 0; fi; }
ready() { case $(line 8) in ready | standby) runs ;; *) return 1 ;; esac; }
start() {
  from=$(( $(size "$log") + 1 )); since=$(date +%s)
  words=$({ ${start}; } 2>&1 < /dev/null); code=$?
  left=${serverSeconds.start * 10}
  while [ $left -gt 0 ] && { [ $code -eq 0 ] || runs; }; do
    if ready; then return 0; fi
    if ! runs && [ $left -lt ${serverSeconds.start * 10 - 20} ]; then break; fi
    sleep 0.1; left=$((left - 1))
  done
  {
    printf '%s\\n' "$words"
    ${unit === "" ? ":" : `journalctl --no-pager -q -o cat -u ${unit} --since "@$since" -n 40`}
    if [ -f "$log" ]; then tail -c "+$from" "$log" | tail -n 40; fi
    collected=$(sed -n 's/^[a-z]* //p' "$data/current_logfiles" 2>/dev/null | head -n 1)
    case $collected in ?*) (cd "$data" && tail -n 40 "$collected") ;; esac
  } >&2 2>/dev/null
  exit ${serverExit.failed}
}
stop() {
  if ! runs; then return 0; fi
  was=$(line 1)
  words=$({ ${stop}; } 2>&1 < /dev/null)
  left=${serverSeconds.stop * 10}
  while [ -e "/proc/$was" ] && runs; do
    if [ $left -le 0 ]; then printf '%s\\n' "$words" >&2; exit ${serverExit.stays}; fi
    ${unit === "" ? "" : `if ! systemctl is-active -q ${unit} && [ $left -lt ${serverSeconds.stop * 10 - 50} ]; then printf '%s\\n' "$words" >&2; exit ${serverExit.strange}; fi`}
    sleep 0.1; left=$((left - 1))
  done
}`;
}

/** Prints a file of the data directory. For the owner of the data. */
export function readFileScript({ dataDirectory }: HostCluster, name: string): string {
  const path = quoteShell(`${dataDirectory}/${name}`);
  return `cd / && if [ ! -e ${path} ]; then exit ${serverExit.absent}; fi; cat ${path}`;
}

/**
 * Writes its standard input into a file of the data directory: beside it first, on disk, then renamed. A file that is there
 * keeps its mode. For the owner of the data.
 */
export function writeFileScript({ dataDirectory }: HostCluster, name: string): string {
  const [path, draft, directory] = [
    `${dataDirectory}/${name}`,
    `${dataDirectory}/${name}.pgstead-draft`,
    dataDirectory,
  ].map(quoteShell);
  return `set -e; umask 077; cd /; rm -f ${draft}; cat > ${draft}; if [ -e ${path} ]; then chmod --reference=${path} ${draft}; fi; sync ${draft}; mv -f ${draft} ${path}; sync ${directory}`;
}

/** Removes a file of the data directory; there is none: nothing. For the owner of the data. */
export function removeFileScript({ dataDirectory }: HostCluster, name: string): string {
  return `cd / && rm -f ${quoteShell(`${dataDirectory}/${name}`)}`;
}

/** The lines of a start's output that say why it failed; without one, the last that there is. */
export function startReason(said: string): string {
  const lines = said
    .split("\n")
    // What stands before the level (`log_line_prefix`) says nothing of the why.
    .map((line) => line.replace(/^.*?(?=\b(?:LOG|FATAL|PANIC|ERROR|HINT|DETAIL): )/, "").trim())
    .filter((line) => line !== "");
  const telling = lines.filter(
    (line) => /\b(?:FATAL|PANIC|ERROR|HINT|DETAIL)\b|could not/.test(line) && !saysNothing.test(line),
  );
  const last = [...new Set(telling)].slice(-4);
  return (last.length > 0 ? last.join("; ") : (lines.at(-1) ?? "it said nothing")).replace(/\.$/, "");
}

/** A name with an address that the host has not is no reason, nor is a login that came too early, nor the end itself. */
const saysNothing = /Cannot assign requested address|the database system is|pg_ctl: could not start server/;
