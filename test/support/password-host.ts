import { connect, type AddressInfo } from "node:net";
import { pipeline } from "node:stream";
import { Server, utils } from "ssh2";

/** An SSH server that lets in by password: sshd could only do that for an account that has one on this machine. */
export interface PasswordHost {
  readonly port: number;
  readonly hostKey: string;
  stop(): Promise<void>;
}

/** The user `by-password` sends it, `by-questions` is asked for it. Every command says hello; ways to this machine are opened. */
export async function startPasswordHost(password: string): Promise<PasswordHost> {
  const keys = utils.generateKeyPairSync("ed25519");
  const server = new Server({ hostKeys: [keys.private] }, (client) => {
    client.on("error", () => undefined);
    let user = "";
    client.on("authentication", (attempt) => {
      user = attempt.username;
      const decide = (given: string | undefined, takes: "password" | "keyboard-interactive"): void => {
        if (given === password) attempt.accept();
        else attempt.reject([takes]);
      };
      if (user === "by-password")
        decide(attempt.method === "password" ? attempt.password : undefined, "password");
      else if (attempt.method !== "keyboard-interactive") attempt.reject(["keyboard-interactive"]);
      else {
        attempt.prompt([{ prompt: "Password: ", echo: false }], (answers) => {
          decide(answers[0], "keyboard-interactive");
        });
      }
    });
    client.on("tcpip", (accept, reject, { destIP, destPort }) => {
      const socket = connect(destPort, destIP)
        .once("connect", () => {
          const channel = accept();
          pipeline(channel, socket, channel, () => undefined);
        })
        .once("error", () => {
          reject();
        });
    });
    client.on("session", (accept) => {
      accept().on("exec", (start) => {
        const channel = start();
        channel.write(`hello ${user}\n`);
        channel.exit(0);
        channel.end();
      });
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    hostKey: keys.public,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  };
}
