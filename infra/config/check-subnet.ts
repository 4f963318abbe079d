import { addressKeywords, canonicalAddress, findAddressFault } from "../../components/core/hba/address";
import type { Fault } from "./names";
import { renderValue } from "./shape";

/**
 * What is wrong with the network of a stack's containers.
 *
 * @param kinds the containers that need an address in it, by the endings of their names
 */
export function subnetFault(subnet: string | undefined, kinds: readonly string[]): Fault | undefined {
  if (subnet === undefined) return undefined;
  if (addressKeywords.includes(subnet) || findAddressFault(subnet) !== undefined) return noNetwork(subnet);
  return tooSmall(subnet, kinds);
}

function noNetwork(subnet: string): Fault {
  const near = canonicalAddress(subnet);
  return {
    message: `${renderValue(subnet)} is no network in CIDR notation`,
    hint: `write one that nothing else on the host has, such as ${near === subnet ? "172.31.90.0/24" : near}`,
  };
}

/** The engine gives out neither the first address of a network nor the last, and takes one for the gateway. */
function tooSmall(subnet: string, kinds: readonly string[]): Fault | undefined {
  const [address = "", prefix = ""] = subnet.split("/");
  const bits = address.includes(":") ? 128 : 32;
  const free = Math.max(2 ** (bits - Number(prefix)) - 2, 0);
  const needed = kinds.length + 1;
  if (free >= needed) return undefined;
  // 6 addresses of their own and the 2 of the network: 8, which is 3 bits.
  const widest = bits - Math.ceil(Math.log2(needed + 2));
  return {
    message: `${subnet} has ${free} addresses to give, and the stack needs ${needed}: the gateway, ${kinds.join(", ")}`,
    hint: `write a network with /${widest} or a smaller number, such as ${canonicalAddress(`${address}/${bits === 32 ? 24 : 64}`)}`,
  };
}
