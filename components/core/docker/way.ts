import type { SshAddress } from "./address";

/** Why there is no way to an engine, and what to do. */
export interface NoWay {
  readonly message: string;
  readonly hint: string;
}

/** What somebody types to reach the host of an address as this program does. */
export function sshCommand({ user, host, port }: SshAddress): string {
  return [
    "ssh",
    ...(port === undefined ? [] : ["-p", String(port)]),
    user === undefined ? host : `${user}@${host}`,
  ].join(" ");
}

/**
 * What an SSH client that ended without an answer of the engine has said. Pure.
 *
 * @param said what it wrote to its standard error
 * @param exitCode 255: its own failure; else how Docker's client on the host ended
 */
export function explainSsh(address: SshAddress, said: string, exitCode: number | null): NoWay {
  const command = sshCommand(address);
  const known = sshReasons.find(({ pattern }) => pattern.test(said));
  const words = lastWords(said, known?.pattern);
  if (known !== undefined) {
    return { message: `${known.message} (${words})`, hint: known.hint.replaceAll("<ssh>", command) };
  }
  if (exitCode === 127) {
    return {
      message: `Docker's client is not on its host${words === "" ? "" : ` (${words})`}`,
      hint: `install it there, so that \`${command} docker version\` works.`,
    };
  }
  const message = words === "" ? `the SSH client ended with ${exitCode ?? "a signal"}` : words;
  return { message, hint: `mend what \`${command} docker version\` says.` };
}

/** What OpenSSH and Docker's client write, the most particular first. */
const sshReasons: readonly { readonly pattern: RegExp; readonly message: string; readonly hint: string }[] = [
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED|Offending .* key in/,
    message: "its host shows another host key than the one in known_hosts: somebody may be in between",
    hint: "was the host set up anew? Then compare the new key's fingerprint with the host's own, remove the old key with `ssh-keygen -R`, and log in once with `<ssh>`.",
  },
  {
    pattern: /Host key verification failed|host key is known for/,
    message: "its host key is not in known_hosts",
    hint: "log in once with `<ssh>`, and compare the fingerprint that it shows with the host's own.",
  },
  {
    pattern: /permission denied while trying to connect to the Docker daemon|dial unix .*permission denied/i,
    message: "the account there may not use the engine",
    hint: "make it a member of the group docker on that host, or name another one in pgstead:docker.host.",
  },
  {
    pattern: /Permission denied \(|Too many authentication failures|No more authentication methods/,
    message: "its host refuses the login",
    hint: "does `<ssh>` work without a question? Nothing can be asked here: a key with a passphrase has to be in the agent (`ssh-add`), any other is found through ~/.ssh/config.",
  },
  {
    pattern:
      /Cannot connect to the Docker daemon|Is the docker daemon running|dial unix .*(?:no such file|refused)/i,
    message: "the SSH login works, and no engine answers on its host",
    hint: "is it running? `<ssh> docker version` tells.",
  },
  {
    pattern:
      /docker: (?:command )?not found|not found: docker|unknown command.*dial-stdio|dial-stdio.*unknown/i,
    message: "Docker's client is not on its host, or too old",
    hint: "install it there (18.09 or newer), so that `<ssh> docker version` works.",
  },
  {
    pattern: /Could not resolve hostname/,
    message: "nobody knows its host",
    hint: "is the name in pgstead:docker.host right?",
  },
  {
    pattern:
      /timed out|Connection refused|No route to host|Network is unreachable|Connection (?:closed|reset) by/,
    message: "its host does not answer",
    hint: "is it up, and does its SSH server run? `<ssh>` tells.",
  },
];

/** The line that tells most: the one that was recognised, else the last. */
function lastWords(said: string, pattern?: RegExp): string {
  const lines = said.split(/\r?\n/).flatMap((line) => {
    const words = line.replace(/^@+|@+$/g, "").trim();
    return words === "" || words.startsWith("Warning: Permanently added") ? [] : [words];
  });
  const telling = pattern === undefined ? undefined : lines.find((line) => pattern.test(line));
  return (telling ?? lines.at(-1) ?? "").slice(0, 300);
}

/** What a failure of TLS means, by the name that Node.js has for it; undefined: it is none. Pure. */
export function explainTls(code: string, said: string): NoWay | undefined {
  const known = tlsReasons.find(({ pattern }) => pattern.test(code));
  return known === undefined ? undefined : { message: `${known.message} (${said.trim()})`, hint: known.hint };
}

const ownFiles = "cert.pem and key.pem of pgstead:docker.certPath";

const tlsReasons: readonly { readonly pattern: RegExp; readonly message: string; readonly hint: string }[] = [
  {
    pattern: /^CERT_HAS_EXPIRED$/,
    message: "its certificate has expired",
    hint: "renew it on the engine's host; is this machine's clock right?",
  },
  {
    pattern: /^CERT_NOT_YET_VALID$/,
    message: "its certificate is not valid yet",
    hint: "are the clocks of this machine and the engine's host right?",
  },
  {
    pattern: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    message: "its certificate is for other names",
    hint: "write one of its names to pgstead:docker.host, or have a certificate made with that name.",
  },
  {
    pattern: /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_SIGNATURE_|CERT_UNTRUSTED|INVALID_CA|CERT_)/,
    message: "its certificate is not of the authority that this machine trusts for it",
    hint: "is ca.pem of pgstead:docker.certPath the authority of this engine (its --tlscacert)?",
  },
  {
    pattern: /^ERR_SSL_\w*ALERT\w*(?:CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR|HANDSHAKE_FAILURE)/,
    message: "it refuses this client's certificate",
    hint: `${ownFiles} have to be there, not expired, and of the authority that the engine has (its --tlscacert).`,
  },
  {
    pattern: /^ERR_OSSL_/,
    message: "the certificate or the key of this client cannot be used",
    hint: `${ownFiles} have to be a PEM certificate and its own key, without a passphrase.`,
  },
  {
    pattern: /^(?:EPROTO|ERR_SSL_)/,
    message: "it does not speak TLS as this machine does",
    hint: "is the port right? An engine with --tlsverify is at 2376 mostly, one in clear at 2375.",
  },
];
