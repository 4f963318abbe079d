import type { z } from "zod";
import { hostKeyTypes } from "../../components/core/ssh/host-key";
import { integer, map, text } from "./schema-words";

/** What there is to say of one host that is logged in to. */
const hop = {
  host: text("a name or an address", {
    description: "Name or address of the host that is logged in to. Needed.",
    example: "db1.example.com",
    defaultText: "none, it is needed",
  }).optional(),
  port: integer(1, 65_535, {
    description: "Port of its SSH server.",
    example: "2222",
    defaultText: "`22`",
  }).optional(),
  user: text("the name of an account", {
    description:
      "Account there. It needs the right to open connections (`AllowTcpForwarding`), and no shell. Needed.",
    example: "deploy",
    defaultText: "none, it is needed",
  }).optional(),
  keyFile: text("the path of a file", {
    description:
      "Private key. `~/` is the home directory of who runs this, any other relative path is one of the project's directory. What opens it is the content of the file that PGSTEAD_SSH_PASSPHRASE_FILE names.",
    example: "~/.ssh/id_ed25519",
    defaultText:
      "the keys of the agent (SSH_AUTH_SOCK), and where there is none the first of ~/.ssh/id_ed25519, id_ecdsa, id_rsa",
  }).optional(),
  hostKey: text("the line of a host key", {
    description: `The host's own key, as its /etc/ssh/ssh_host_*_key.pub has it: only who shows it is believed. Types: ${hostKeyTypes.join(", ")}.`,
    example: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI…",
    defaultText: "what `knownHosts` has",
  }).optional(),
  knownHosts: text("the path of a file", {
    description: "OpenSSH's known_hosts, where `hostKey` is not given; paths as with `keyFile`.",
    example: "ssh/known_hosts",
    defaultText: "`~/.ssh/known_hosts`",
  }).optional(),
};

/** The way to a server that only another host reaches. */
export const sshWay = map(
  {
    ...hop,
    bastion: map(hop, {
      description: "The host that the SSH connection itself goes through (`ProxyJump`).",
      example: "{ host: bastion.example.com, user: jump }",
      defaultText: "none",
    }).optional(),
  },
  {
    description:
      "Target existing: the SSH host over which the server is reached; `host` and `port` of the server are then as that host sees them, and `host` is localhost if not given.",
    example: "{ host: db1.example.com, user: deploy }",
    defaultText: "none, the server is reached directly",
  },
);

export type WrittenSshWay = z.output<typeof sshWay>;
export type WrittenSshHop = Omit<WrittenSshWay, "bastion">;
