import type { SshLogin } from "../ssh/login";
import { renderWayHop } from "../ssh/way";
import type { Refusal } from "../statement";

/** What a host has to have for parts that are declared on it, each with the parts that need it. */
export interface HostNeeds {
  readonly systemd?: readonly string[];
  readonly apt?: readonly string[];
}

/** What a host has of it. */
export interface HostMeans {
  readonly systemd: boolean;
  readonly apt: boolean;
}

/** Prints what a host has, a word in each line. Changes nothing. */
export const meansScript = `[ -d /run/systemd/system ] && echo systemd
command -v apt-get >/dev/null && command -v dpkg-query >/dev/null && echo apt
true
`;

export function parseMeans(printed: string): HostMeans {
  const words = printed.split("\n");
  return { systemd: words.includes("systemd"), apt: words.includes("apt") };
}

/** What is declared and cannot be on that host. */
export function refuseNeeds(host: string, needs: HostNeeds, means: HostMeans): Refusal[] {
  const missing = {
    systemd: {
      message: `it runs as a unit of systemd, and that is not the first process of ${host}`,
      hint: "leave it out, and start it there with what starts programs on that host.",
    },
    apt: {
      message: `it comes from Debian's packages, and ${host} has no apt-get`,
      hint: "install it there with what that host installs packages with, and leave the key out.",
    },
  };
  return (["systemd", "apt"] as const).flatMap((what) =>
    means[what] ? [] : (needs[what] ?? []).map((part) => ({ subject: part, ...missing[what] })),
  );
}

/** Ways that only a password opens: the plugin would need it as an input, and so in the state. */
export function refusePasswordOnly({ bastion, ...last }: SshLogin): Refusal[] {
  const hops = [last, ...(bastion === undefined ? [] : [bastion])].filter(
    ({ privateKey, agentSocket }) => privateKey === undefined && agentSocket === undefined,
  );
  return hops.map((hop) => ({
    subject: `pgstead:server.onHost on ${renderWayHop(hop)}`,
    message: "the account is let in by a password only, and what runs there would need it in the state",
    hint: "give the account a key: `ssh-copy-id` there, and name it in keyFile or add it to an agent.",
  }));
}
