import { createInterface } from "node:readline";
import type { RestoredAnswer, RestoredRequest } from "../../../../components/core/drill/restored-protocol";
import { logicalBackupsPath } from "../../../../components/core/ops/files";
import { problemError, ProblemError } from "../../../../components/core/problem";
import { withRestoredServer } from "../../../../components/io/drill/restored-server";
import type { OpsCommand } from "../../command";
import { chooseTested, restoredFrom } from "../../migrate/from-backup/choose";
import { withProgress } from "../../progress";
import type { ContainerContext } from "../surroundings";

/** Where the server is made: a volume that goes with the container. */
const home = "/var/lib/postgresql/data/test";

/** Milliseconds that the server's end may take once nobody wants it; its volume goes with the container anyway. */
const endingMs = 30_000;

/** Restores a backup to a server, in a container that is made for it, until standard input ends. */
export const restoredServerCommand: OpsCommand<object, null, ContainerContext> = {
  name: "restored-server",
  summary:
    "restore a backup to a server that lasts as long as standard input: for `migrate test --from-backup`",
  declare: (command) => {
    command.addHelpText(
      "after",
      "\nIt is told what it shall do by a line of JSON, and answers in lines of JSON.",
    );
  },
  async run() {
    const input = createInterface({ input: process.stdin });
    const over = new AbortController();
    const ended = new Promise<void>((resolve) => {
      input.once("close", () => {
        over.abort(new Error("whoever asked for it is gone"));
        // What is under way may never end: Node.js tries for ever to make a directory in one that was removed.
        setTimeout(() => process.exit(1), endingMs).unref();
        resolve();
      });
    });
    const request = await new Promise<string>((resolve) => {
      input.once("line", resolve);
      void ended.then(() => {
        resolve("");
      });
    });
    try {
      await serve(parse(request), over.signal, ended);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      tell({ error: { title: error.title, problems: error.problems } });
    }
    return { command: "restored-server", stack: "", data: null, findings: [] };
  },
  render: () => ({ output: "", machine: true }),
};

function parse(text: string): RestoredRequest {
  try {
    return JSON.parse(text) as RestoredRequest;
  } catch {
    throw problemError("standard input", "is no request", "this command is for `migrate test --from-backup`");
  }
}

function tell(answer: RestoredAnswer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

async function serve(request: RestoredRequest, signal: AbortSignal, ended: Promise<void>): Promise<void> {
  const { logins, password, loopback } = request;
  const backup = await chooseTested(logicalBackupsPath, request);
  const write = (text: string): void => {
    tell({ say: text });
  };
  const order = {
    ...{ repository: logicalBackupsPath, backup, home, search: { embeddedFirst: false } },
    ...{ logins, password, loopback },
    progress: <Result>(label: string, work: Promise<Result>): Promise<Result> =>
      withProgress(label, write, work),
    waiting: {
      signal,
      say: (text: string): Promise<void> => {
        write(text);
        return Promise.resolve();
      },
    },
  };
  await withRestoredServer(order, async ({ administrator: { host, port, user }, ...server }) => {
    tell({ ready: { ...server, host, port, user, backup: restoredFrom(backup) } });
    await ended;
  });
}
