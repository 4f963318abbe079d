import ipaddr from "ipaddr.js";

/** Addresses of one family with the same first bits. */
interface Range {
  readonly network: ipaddr.IPv4 | ipaddr.IPv6;
  readonly bits: number;
}

/** Words of the address field that are no addresses. */
export const addressKeywords: readonly string[] = ["all", "samehost", "samenet"];

export type AddressFault = "no mask" | "bad mask" | "host bits" | "host name";

/** What keeps an address from being a keyword or a network in CIDR notation; undefined: nothing. */
export function findAddressFault(address: string): AddressFault | undefined {
  if (addressKeywords.includes(address)) return undefined;
  const [, host = "", mask] = /^([^/]*)(?:\/(.*))?$/.exec(address) ?? [];
  const ip = parseIp(host);
  if (ip === undefined) return "host name";
  if (mask === undefined) return "no mask";
  const range = parseRange(address);
  if (range === undefined) return "bad mask";
  return networkOf(range).toString() === ip.toString() ? undefined : "host bits";
}

/** The network that an address with its prefix length is in: `192.168.1.7/24` gives `192.168.1.0/24`. */
export function canonicalAddress(address: string): string {
  const range = parseRange(address);
  return range === undefined ? address : renderRange({ network: networkOf(range), bits: range.bits });
}

/**
 * Address and mask in two words as one in CIDR notation.
 *
 * @returns undefined where they are none, or of two families; a mask with holes, which PostgreSQL takes, stays two words
 */
export function joinMask(address: string, mask: string): string | undefined {
  const [ip, bitmask] = [parseIp(address), parseIp(mask)];
  if (ip?.kind() !== bitmask?.kind() || ip === undefined || bitmask === undefined) return undefined;
  const bits = bitmask.prefixLengthFromSubnetMask();
  return bits === null ? `${address} ${mask}` : canonicalAddress(`${address}/${bits}`);
}

/** Whether an address is in a network; undefined where the network is none that can be computed. */
export function isWithin(address: string, network: string): boolean | undefined {
  const [ip, range] = [parseIp(address), parseRange(network)];
  if (ip === undefined || range === undefined) return undefined;
  // PostgreSQL compares within a family only: an IPv4 address is never in an IPv6 network.
  return ip.kind() === range.network.kind() && matches(ip, range);
}

/** True for addresses that never leave the host: 127.0.0.0/8 and ::1. */
export function isLoopback(network: string): boolean {
  const range = parseRange(network.includes("/") ? network : hostNetwork(network));
  if (range === undefined) return false;
  const [loopback, bits] = range.network.kind() === "ipv4" ? ["127.0.0.1", 8] : ["::1", 128];
  return range.bits >= bits && matches(ipaddr.parse(loopback), { ...range, bits });
}

/** The network of one address alone. */
export function hostNetwork(address: string): string {
  return `${address}/${address.includes(":") ? 128 : 32}`;
}

/** First and last address of a network: where somebody may come from to whom it applies. */
export function edgesOf(network: string): readonly string[] {
  const range = parseRange(network);
  if (range === undefined) return [];
  const first = networkOf(range);
  const last = first.toByteArray().map((byte, index) => {
    const fixed = Math.min(8, Math.max(0, range.bits - index * 8));
    return byte | (255 >> fixed);
  });
  return [first.toString(), ipaddr.fromByteArray(last).toString()];
}

function parseRange(text: string): Range | undefined {
  const [, host = "", digits = ""] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const network = parseIp(host);
  if (network === undefined || Number(digits) > (network.kind() === "ipv4" ? 32 : 128)) return undefined;
  return { network, bits: Number(digits) };
}

/** Four decimal parts, or IPv6 without a zone: other spellings of an address are host names to be safe. */
function parseIp(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  return !text.includes("%") && ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text) : undefined;
}

function networkOf({ network, bits }: Range): ipaddr.IPv4 | ipaddr.IPv6 {
  const text = renderRange({ network, bits });
  return network.kind() === "ipv4"
    ? ipaddr.IPv4.networkAddressFromCIDR(text)
    : ipaddr.IPv6.networkAddressFromCIDR(text);
}

function renderRange({ network, bits }: Range): string {
  return `${network.toString()}/${bits}`;
}

function matches(ip: ipaddr.IPv4 | ipaddr.IPv6, { network, bits }: Range): boolean {
  const [one, other] = [ip.toByteArray(), network.toByteArray()];
  return one.every((byte, index) => {
    const fixed = Math.min(8, Math.max(0, bits - index * 8));
    return byte >> (8 - fixed) === (other[index] ?? 0) >> (8 - fixed);
  });
}
