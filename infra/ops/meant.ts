import { nearest } from "../../components/core/nearest";
import { visible } from "../../components/core/visible";

/** More names would not be read. */
const most = 20;

/**
 * The hint for a name that is not there: the one that may be meant, or those that there are.
 *
 * @param names what may be meant; `known`: what is listed instead, where that is less
 */
export function meantOrKnown(wanted: string, names: readonly string[], known = names): string {
  const meant = nearest(wanted, names);
  if (meant !== undefined) return `did you mean ${visible(meant)}?`;
  const rest = known.length > most ? ` and ${known.length - most} more` : "";
  return `known here: ${known.slice(0, most).map(visible).join(", ")}${rest}`;
}
