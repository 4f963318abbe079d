import { quoteShell } from "../../shell";
import type { JobPlaces } from "./places";
import { serviceOf, timerOf } from "./units";

const wants = "/etc/systemd/system/timers.target.wants";

/**
 * Has systemd read the units, and run exactly the wanted timers. It can be run again at any time.
 *
 * @param all every job that a stack may have: a timer that is no longer wanted is stopped
 * @param revision of the files: the script changes with them, and so is run again
 */
export function startTimers(
  places: JobPlaces,
  {
    wanted,
    all,
    revision,
  }: { readonly wanted: readonly string[]; readonly all: readonly string[]; readonly revision: string },
): string {
  const names = wanted.map((job) => quoteShell(timerOf(places, job))).join(" ");
  const others = all.filter((job) => !wanted.includes(job));
  return [
    "set -eu",
    `# units ${revision.replaceAll("\n", " ")}`,
    "systemctl daemon-reload",
    ...others.map((job) => dropTimer(places, job)),
    ...(names === "" ? [] : [`systemctl --quiet enable ${names}`, `systemctl restart ${names}`]),
  ].join("\n");
}

/** Takes all timers back, with what systemd remembers of them; runs that are under way are ended. */
export function stopTimers(places: JobPlaces, all: readonly string[]): string {
  return [
    "set -u",
    ...all.map((job) => dropTimer(places, job)),
    `systemctl stop ${all.map((job) => quoteShell(serviceOf(places, job))).join(" ")} 2>/dev/null || true`,
    `systemctl reset-failed ${quoteShell(`${places.name}@*.service`)} 2>/dev/null || true`,
  ].join("\n");
}

/** Its unit may be gone already: the link that starts it is not, and neither is when it last ran. */
function dropTimer(places: JobPlaces, job: string): string {
  const timer = timerOf(places, job);
  const files = [`${wants}/${timer}`, `/var/lib/systemd/timers/stamp-${timer}`].map(quoteShell).join(" ");
  return `systemctl stop ${quoteShell(timer)} 2>/dev/null || true\nrm -f ${files}`;
}
