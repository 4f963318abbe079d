/** Where an engine is, taken apart. */
export type EngineAddress = SocketAddress | SshAddress | TcpAddress;

export interface SocketAddress {
  readonly kind: "socket";
  /** A socket's path, or a named pipe of Windows. */
  readonly path: string;
}

export interface SshAddress {
  readonly kind: "ssh";
  /** Undefined: what the SSH client's configuration says. */
  readonly user?: string;
  /** A name or an address, or a `Host` of the SSH client's configuration. */
  readonly host: string;
  /** Undefined: what the SSH client's configuration says. */
  readonly port?: number;
}

export interface TcpAddress {
  readonly kind: "tcp";
  readonly host: string;
  readonly port?: number;
  /** True: `https://`, which is TLS with public authorities if there are no others. */
  readonly isSecure: boolean;
}

/** What is wrong with an address, and what to write. */
export interface AddressFault {
  readonly kind: "fault";
  readonly message: string;
  readonly hint: string;
}

const form =
  "write it as DOCKER_HOST has it: unix:///var/run/docker.sock, ssh://user@host or tcp://host:2376";

/** The address of an engine as `DOCKER_HOST` has it. Pure. */
export function parseEngineAddress(text: string): EngineAddress | AddressFault {
  const url = tryParse(text);
  switch (url?.protocol) {
    case "unix:":
      return url.pathname === "" ? noAddress(text) : { kind: "socket", path: decodeURI(url.pathname) };
    case "npipe:":
      // As it is written: a URL would lose the dot of `//./pipe/…`.
      return { kind: "socket", path: text.slice("npipe://".length).replaceAll("/", "\\") };
    case "ssh:":
      return sshFault(text, url) ?? { kind: "ssh", ...userOf(url), ...placeOf(url) };
    case "tcp:":
    case "http:":
    case "https:":
      return isPlace(url) && url.username === ""
        ? { kind: "tcp", ...placeOf(url), isSecure: url.protocol === "https:" }
        : noAddress(text);
    default:
      return noAddress(text);
  }
}

/** Whether something of the engine's host on loopback is on this machine as well. Pure. */
export function isOnThisMachine(address: EngineAddress): boolean {
  return address.kind === "socket" || /^(?:localhost|127\.[\d.]+|::1)$/i.test(address.host);
}

function tryParse(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function noAddress(text: string): AddressFault {
  return { kind: "fault", message: `${JSON.stringify(text)} is not the address of an engine`, hint: form };
}

/** A password would stand in the file, in the state and in what is shown. */
function sshFault(text: string, url: URL): AddressFault | undefined {
  if (url.password !== "") {
    const { host, username } = url;
    return {
      kind: "fault",
      message: `ssh://${username}:…@${host} has a password, which SSH takes from nobody but a person`,
      hint: "write it without, and let the host know a key: `ssh-copy-id` brings it there",
    };
  }
  return isPlace(url) ? undefined : noAddress(text);
}

/** A host that begins with a hyphen would be an option of the SSH client. */
function isPlace({ hostname, pathname, search, hash }: URL): boolean {
  return (
    /^(?:\[[\da-f:.%]+\]|[^-[\]\s%]\S*)$/i.test(hostname) && /^\/?$/.test(pathname) && search + hash === ""
  );
}

function placeOf({ hostname, port }: URL): { readonly host: string; readonly port?: number } {
  return { host: hostname.replace(/^\[|\]$/g, ""), ...(port === "" ? {} : { port: Number(port) }) };
}

function userOf({ username }: URL): { readonly user?: string } {
  return username === "" ? {} : { user: decodeURIComponent(username) };
}
