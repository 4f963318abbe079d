/**
 * What Node.js 18, which Debian 12 has, lacks of what this code and its libraries use: methods of ES2023, and Web Crypto by
 * its global name. On 20 and newer it does nothing. The first module that a program imports, as others use it at once.
 */
import { webcrypto } from "node:crypto";

const methods: Readonly<Record<string, (this: readonly unknown[], ...args: never[]) => unknown[]>> = {
  toSorted(compare?: (one: unknown, other: unknown) => number) {
    return [...this].sort(compare);
  },
  toReversed() {
    return [...this].reverse();
  },
  toSpliced(start: number, count: number, ...items: unknown[]) {
    const copy = [...this];
    copy.splice(start, count, ...items);
    return copy;
  },
};

for (const [name, value] of Object.entries(methods)) {
  if (name in Array.prototype) continue;
  Object.defineProperty(Array.prototype, name, { value, writable: true, configurable: true });
}

if (!("crypto" in globalThis))
  Object.defineProperty(globalThis, "crypto", { value: webcrypto, configurable: true });
