import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** Something on GitHub that has a body: an issue, or a comment on one. */
export interface Post {
  readonly id: number;
  readonly number: number;
  body: string;
  state: string;
  title: string;
  readonly html_url: string;
  readonly user: { readonly login: string };
  readonly pull_request?: object;
}

/** Stands for the part of GitHub's API that comments and issues need, over HTTP on loopback. */
export interface GitHubApi {
  readonly url: string;
  /** Comments of pull request 7. */
  readonly comments: Post[];
  readonly issues: Post[];
  /** What was asked, such as `POST /issues/7/comments`. */
  readonly asked: string[];
  /** What the command line needs to speak to it. */
  readonly env: NodeJS.ProcessEnv;
  /** Answers everything with this from now on. */
  fail(status: number, message: string): void;
  close(): Promise<void>;
}

export const bot = "github-actions[bot]";
const token = "ghs_of_the_test";

export function post(id: number, body: string, login = bot, more: object = {}): Post {
  const html_url = `https://github.example/${id}`;
  return { id, number: id, body, state: "open", title: "", html_url, user: { login }, ...more };
}

export async function startGitHubApi(): Promise<GitHubApi> {
  const [comments, issues, asked]: [Post[], Post[], string[]] = [[], [], []];
  const failure: { status?: number; message?: string } = {};
  const answer = async (request: IncomingMessage): Promise<[number, unknown]> => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    const path = pathname.replace(/^\/repos\/owner\/shop/, "");
    asked.push(`${request.method ?? ""} ${path}`);
    if (request.headers.authorization !== `Bearer ${token}`) return [401, { message: "Bad credentials" }];
    if (failure.status !== undefined) return [failure.status, { message: failure.message }];
    const list = path.includes("comments") ? comments : issues;
    if (request.method === "GET") return [200, pageOf(list, searchParams)];
    const body = JSON.parse(await text(request)) as Partial<Post>;
    if (request.method === "POST") {
      const made = post(1000 + comments.length + issues.length, body.body ?? "", bot, body);
      list.push(made);
      return [201, made];
    }
    const found = list.find(({ id }) => id === Number(path.split("/").at(-1)));
    return found === undefined ? [404, { message: "Not Found" }] : [200, Object.assign(found, body)];
  };
  const server = createServer((request, response) => void respond(response, answer(request)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    comments,
    issues,
    asked,
    env: {
      GITHUB_API_URL: url,
      GITHUB_REPOSITORY: "owner/shop",
      GITHUB_TOKEN: token,
      GITHUB_REF: "refs/pull/7/merge",
    },
    fail: (status, message) => Object.assign(failure, { status, message }),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

function pageOf(list: readonly Post[], query: URLSearchParams): Post[] {
  const [state, creator] = [query.get("state"), query.get("creator")];
  const matching = list.filter(
    (one) => (state === null || one.state === state) && (creator === null || one.user.login === creator),
  );
  const size = Number(query.get("per_page") ?? 30);
  const start = (Number(query.get("page") ?? 1) - 1) * size;
  return matching.slice(start, start + size);
}

async function respond(response: ServerResponse, answer: Promise<[number, unknown]>): Promise<void> {
  const [status, body] = await answer;
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
