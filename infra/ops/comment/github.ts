import { z } from "zod";
import { problemError } from "../../../components/core/problem";
import { cannotTell } from "../failure";
import { errorMessage } from "../../../components/core/error-message";

/** A repository of GitHub, as far as comments and issues go. */
export interface Repository {
  /** @throws CannotTellError where GitHub does not answer as it should */
  ask(method: "GET" | "POST" | "PATCH", path: string, body?: object): Promise<unknown>;
}

/** What an issue, or a comment on one, is known by. */
export interface Entry {
  readonly number?: number | undefined;
  readonly id: number;
  readonly body: string;
  readonly url: string;
}

/** Longest wait for one answer of GitHub. */
const timeoutMs = 30_000;

/**
 * The repository of a workflow's run, from the variables that GitHub sets in one: `GITHUB_REPOSITORY`,
 * `GITHUB_API_URL`, and the token in `GITHUB_TOKEN`, which is no argument, so that no list of processes shows it.
 *
 * @throws ProblemError where one is missing
 */
export function openRepository(env: NodeJS.ProcessEnv): Repository {
  const { GITHUB_REPOSITORY: name = "", GITHUB_TOKEN: token = "" } = env;
  const base = env.GITHUB_API_URL ?? "https://api.github.com";
  if (!/^[\w.-]+\/[\w.-]+$/.test(name)) {
    throw problemError(
      "GITHUB_REPOSITORY",
      "is not set to owner/name",
      "a workflow's run has it; set it elsewhere",
    );
  }
  if (token === "") {
    throw problemError(
      "GITHUB_TOKEN",
      "is not set",
      "give it to the step: `env: { GITHUB_TOKEN: ${{ github.token }} }`",
    );
  }
  return {
    async ask(method, path, body) {
      const response = await send(`${base}/repos/${name}${path}`, method, token, body);
      if (!response.ok) throw await refused(method, path, response);
      return response.json();
    },
  };
}

async function send(url: string, method: string, token: string, body?: object): Promise<Response> {
  const headers = {
    accept: "application/vnd.github+json",
    authorization: `Bearer ${token}`,
    "user-agent": "pgstead",
    "x-github-api-version": "2022-11-28",
    ...(body === undefined ? {} : { "content-type": "application/json" }),
  };
  const content = body === undefined ? {} : { body: JSON.stringify(body) };
  try {
    // A redirect would take the token elsewhere.
    return await fetch(url, {
      method,
      headers,
      ...content,
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const message = errorMessage(cause);
    throw cannotTell("GitHub does not answer", `${method} ${url}: ${message}`, "run the job again");
  }
}

async function refused(method: string, path: string, response: Response): Promise<Error> {
  const answer = z.object({ message: z.string() }).safeParse(await response.json().catch(() => undefined));
  const said = answer.success ? `: ${answer.data.message}` : "";
  const hint =
    response.status === 401 || response.status === 403 || response.status === 404
      ? "the job needs `permissions: { pull-requests: write }` for comments, `issues: write` for issues"
      : "run the job again; https://www.githubstatus.com says how GitHub is";
  return cannotTell("GitHub refuses", `${method} ${path} gave ${response.status}${said}`, hint);
}

const entrySchema = z.object({
  id: z.number(),
  number: z.number().optional(),
  body: z.string().nullish(),
  html_url: z.string(),
  user: z.object({ login: z.string() }).nullish(),
  pull_request: z.unknown().optional(),
});

/** GitHub gives no more at once. */
const pageSize = 100;

/**
 * The first entry of a list that begins with the marker and was written by the given login: anybody may write a marker,
 * and what somebody else wrote is not edited.
 */
export async function findMarked(
  repository: Repository,
  path: string,
  { marker, author }: { readonly marker: string; readonly author: string },
): Promise<Entry | undefined> {
  for (let page = 1; ; page++) {
    const separator = path.includes("?") ? "&" : "?";
    const answer = await repository.ask("GET", `${path}${separator}per_page=${pageSize}&page=${page}`);
    const read = z.array(entrySchema).safeParse(answer);
    if (!read.success)
      throw cannotTell("GitHub does not answer as it should", path, "is GITHUB_API_URL right?");
    const found = read.data.find(
      ({ body, user, pull_request: pull }) =>
        pull === undefined && user?.login === author && isMarked(body ?? "", marker),
    );
    if (found !== undefined) return toEntry(found);
    if (read.data.length < pageSize) return undefined;
  }
}

function isMarked(body: string, marker: string): boolean {
  return body === marker || body.startsWith(`${marker}\n`) || body.startsWith(`${marker}\r\n`);
}

function toEntry({ id, number, body, html_url: url }: z.output<typeof entrySchema>): Entry {
  return { id, number, body: body ?? "", url };
}

/** What GitHub says of an entry that it has just written. */
export function readEntry(answer: unknown): Entry {
  const read = entrySchema.safeParse(answer);
  if (read.success) return toEntry(read.data);
  throw cannotTell(
    "GitHub does not answer as it should",
    "it wrote something else",
    "look at the pull request",
  );
}
