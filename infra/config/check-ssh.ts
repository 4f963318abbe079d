import type { Problem } from "../../components/core/problem";
import { hostKeyTypes, parseHostKey } from "../../components/core/ssh/host-key";
import type { SshWay, SshWayHop } from "../../components/core/ssh/way";
import { at } from "./check-server";
import type { Fault } from "./names";
import type { WrittenSshHop, WrittenSshWay } from "./schema-ssh";
import { renderValue } from "./shape";

const place = ["server", "ssh"];

/** What is wrong with the way to a server. */
export function checkSsh(written: WrittenSshWay | undefined): Problem[] {
  if (written === undefined) return [];
  const { bastion, ...last } = written;
  return [
    ...checkHop(place, last),
    ...(bastion === undefined ? [] : checkHop([...place, "bastion"], bastion)),
  ];
}

function checkHop(path: readonly string[], { host, user, hostKey, knownHosts }: WrittenSshHop): Problem[] {
  return [
    ...at([...path, "host"], wordFault(host, "host", "db1.example.com")),
    ...at([...path, "user"], wordFault(user, "user", "deploy")),
    ...at([...path, "hostKey"], hostKeyFault(hostKey)),
    ...(hostKey === undefined || knownHosts === undefined
      ? []
      : at([...path, "knownHosts"], { message: "stands beside hostKey", hint: "keep one of the two" })),
  ];
}

/** One word: a login written as `user@host:port` has its parts in keys of their own. */
function wordFault(value: string | undefined, key: string, example: string): Fault | undefined {
  if (value === undefined) return { message: "is missing", hint: `add it, such as \`${key}: ${example}\`` };
  if (/^[^\s@/,-][^\s@/,]*$/.test(value) && (key !== "host" || !/^[^:]*:[^:]*$/.test(value)))
    return undefined;
  const what = key === "host" ? "a name or an address" : "the name of an account";
  return {
    message: `${renderValue(value)} is not ${what}`,
    hint: `write it alone, such as \`${key}: ${example}\`; host, port and user have keys of their own`,
  };
}

function hostKeyFault(line: string | undefined): Fault | undefined {
  if (line === undefined || parseHostKey(line) !== undefined) return undefined;
  return {
    message: `is no public key of a host: ${renderValue(line)}`,
    hint: `write the line of one, without a name before it: \`cat /etc/ssh/ssh_host_ed25519_key.pub\` there. Types: ${hostKeyTypes.join(", ")}`,
  };
}

/** Complete; what is wrong was told by {@link checkSsh}. */
export function resolveSsh({ bastion, ...last }: WrittenSshWay): SshWay {
  return { ...resolveHop(last), ...(bastion === undefined ? {} : { bastion: resolveHop(bastion) }) };
}

function resolveHop({
  host = "",
  port = 22,
  user = "",
  keyFile,
  hostKey,
  knownHosts,
}: WrittenSshHop): SshWayHop {
  return {
    host,
    port,
    user,
    ...(keyFile === undefined ? {} : { keyFile }),
    ...(hostKey === undefined ? {} : { hostKey: hostKey.trim() }),
    ...(knownHosts === undefined ? {} : { knownHosts }),
  };
}
