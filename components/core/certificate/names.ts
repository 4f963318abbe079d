import ipaddr from "ipaddr.js";
import type { Problem } from "../problem";

/** Most names in one certificate: more make a handshake slow, and are a mistake. */
const maxNames = 100;

/** A name as it is compared: an address in its shortest form, a host name in lower case. */
export function canonicalName(name: string): string {
  return parseAddress(name)?.toString() ?? name.toLowerCase();
}

/** True for an IP address, which a certificate holds as such. */
export function isAddress(name: string): boolean {
  return parseAddress(name) !== undefined;
}

/** Names as they are compared, sorted, each once. */
export function canonicalNames(names: readonly string[]): string[] {
  return [...new Set(names.map(canonicalName))].toSorted();
}

export function sameNames(one: readonly string[], other: readonly string[]): boolean {
  return canonicalNames(one).join(" ") === canonicalNames(other).join(" ");
}

/** What is wrong with the names that a certificate is to be for. */
export function checkNames(path: string, names: readonly string[]): Problem[] {
  if (names.length === 0 || names.length > maxNames) {
    const hint = "give the host names and addresses that clients connect to.";
    return [{ path, message: `${names.length} names: it takes 1 to ${maxNames}`, hint }];
  }
  return names.flatMap((name, index) => {
    const fault = faultOf(name);
    const at = `${path}[${index}]`;
    const problem = (message: string, hint: string): Problem => ({ path: at, message, hint });
    if (fault !== undefined) {
      return [
        problem(`${JSON.stringify(name)} ${fault}`, "give a host name or an IP address, without a port."),
      ];
    }
    const first = names.findIndex((other) => canonicalName(other) === canonicalName(name));
    if (first === index) return [];
    return [
      problem(`${JSON.stringify(name)} is there twice`, `leave it out: ${path}[${first}] is the same.`),
    ];
  });
}

/** RFC 1123, and `_`, which names of containers may have; `*` alone in front, as clients take it nowhere else. */
function faultOf(name: string): string | undefined {
  if (isAddress(name)) return undefined;
  if (name === "") return "is empty";
  if (/^[\d.]+$/.test(name)) return "looks like an address and is none";
  if (name.length > 253) return "is longer than 253 characters";
  const labels = (name.startsWith("*.") ? name.slice(2) : name).split(".");
  const isName = labels.every((label) => /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/.test(label));
  if (!isName) return "is no name of a host";
  return name.startsWith("*.") && labels.length < 2 ? "stands for every name of a top domain" : undefined;
}

function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  // A zone belongs to one machine; IPv4 in other notations is not what anybody writes.
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  return text.includes(":") && !text.includes("%") && ipaddr.IPv6.isValid(text)
    ? ipaddr.IPv6.parse(text)
    : undefined;
}
