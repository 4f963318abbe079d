import { markerLines } from "../marker";
import type { UnitArgs } from "./units";

/**
 * A file of /etc/logrotate.d: what runs of jobs said is kept for eight weeks, or less where it is more than 10 MB. A run
 * opens its file anew, so none is made and nobody is told (`nocreate`). The directories are the account's own, and
 * logrotate works in such only as that account (`su`).
 */
export function renderLogRotation({
  places,
  of,
  account,
}: Pick<UnitArgs, "places" | "of" | "account">): string {
  return `${markerLines(of)}${places.jobs}/*/log {
    su ${account} ${account}
    weekly
    maxsize 10M
    rotate 8
    compress
    delaycompress
    missingok
    notifempty
    nocreate
}
`;
}
