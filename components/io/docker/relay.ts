import { createServer, type AddressInfo, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import type Docker from "dockerode";

/**
 * Runs in the container, in the Perl that every Debian has: standard input goes to a server's socket, and what the
 * server says to standard output. Two processes, as either side may have much to say at once.
 */
const program = `use Socket;
socket(my $server, PF_UNIX, SOCK_STREAM, 0) or die $!;
connect($server, sockaddr_un($ARGV[0])) or die "$ARGV[0]: $!";
sub pass {
  my ($from, $to) = @_;
  while (sysread $from, my $piece, 65536) {
    for (my $at = 0; $at < length $piece; ) {
      my $sent = syswrite $to, $piece, length($piece) - $at, $at;
      return unless defined $sent;
      $at += $sent;
    }
  }
}
my $child = fork;
if ($child == 0) { pass(\\*STDIN, $server); shutdown $server, 1; exit }
pass($server, \\*STDOUT);
kill 9, $child;`;

/** A port of this machine that leads to a socket in a container. */
export interface Relay {
  /** 0: it is a socket. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Leads connections on loopback to a socket in a container, wherever the engine is: each is a program in the container,
 * which the engine's own connection carries. No port is published for it.
 *
 * @param socket path in the container
 * @param here path of a socket of this machine instead of a port of loopback, which every account of it reaches
 */
export async function startRelay(
  docker: Docker,
  container: string,
  socket: string,
  here?: string,
): Promise<Relay> {
  const open = new Set<Socket>();
  const server = createServer((connection) => {
    open.add(connection);
    connection.on("error", () => undefined).on("close", () => open.delete(connection));
    // Whoever connected sees that the connection ends; why is the container's to tell.
    carry(docker, container, socket, connection).catch(() => connection.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    const place = here === undefined ? { host: "127.0.0.1", port: 0 } : { path: here };
    server.once("error", reject).listen(place, resolve);
  });
  return {
    port: here === undefined ? (server.address() as AddressInfo).port : 0,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const connection of open) connection.destroy();
      await closed;
    },
  };
}

async function carry(docker: Docker, container: string, socket: string, connection: Socket): Promise<void> {
  const exec = await docker.getContainer(container).exec({
    Cmd: ["perl", "-e", program, socket],
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({ hijack: true, stdin: true });
  const end = (): void => {
    connection.end();
  };
  stream.on("end", end).on("close", end).on("error", end);
  connection.on("close", () => stream.destroy());
  const ignored = new PassThrough().resume();
  docker.modem.demuxStream(stream, connection, ignored);
  connection.pipe(stream);
}
