import { findMarked, readEntry, type Entry, type Repository } from "./github";

/** What became of a comment or an issue, and where it is. */
export interface Published {
  readonly action: "created" | "updated" | "unchanged" | "closed" | "none";
  readonly url: string | null;
}

/** Who writes, and what marks it. */
export interface Signature {
  readonly marker: string;
  /** Login that the token belongs to. */
  readonly author: string;
}

/** Writes a comment on a pull request, or changes the one that is there already. */
export async function publishComment(
  repository: Repository,
  pullRequest: number,
  signature: Signature,
  body: string,
): Promise<Published> {
  const comments = `/issues/${pullRequest}/comments`;
  const found = await findMarked(repository, comments, signature);
  if (found === undefined)
    return done("created", readEntry(await repository.ask("POST", comments, { body })));
  if (sameText(found.body, body)) return done("unchanged", found);
  const path = `/issues/comments/${found.id}`;
  return done("updated", readEntry(await repository.ask("PATCH", path, { body })));
}

/** Opens an issue, or changes the open one that is there already. */
export async function publishIssue(
  repository: Repository,
  signature: Signature,
  issue: { readonly title: string; readonly body: string },
): Promise<Published> {
  const found = await findOpenIssue(repository, signature);
  if (found === undefined) return done("created", readEntry(await repository.ask("POST", "/issues", issue)));
  if (sameText(found.body, issue.body)) return done("unchanged", found);
  return done("updated", readEntry(await repository.ask("PATCH", `/issues/${found.number ?? 0}`, issue)));
}

/** Closes the issue with a word, where there is an open one. */
export async function closeIssue(
  repository: Repository,
  signature: Signature,
  comment: string,
): Promise<Published> {
  const found = await findOpenIssue(repository, signature);
  if (found === undefined) return { action: "none", url: null };
  const path = `/issues/${found.number ?? 0}`;
  await repository.ask("POST", `${path}/comments`, { body: comment });
  const body = { state: "closed", state_reason: "completed" };
  return done("closed", readEntry(await repository.ask("PATCH", path, body)));
}

function findOpenIssue(repository: Repository, signature: Signature): Promise<Entry | undefined> {
  return findMarked(
    repository,
    `/issues?state=open&creator=${encodeURIComponent(signature.author)}`,
    signature,
  );
}

function done(action: Published["action"], { url }: Entry): Published {
  return { action, url };
}

/** GitHub may give line breaks back as CRLF, and without those at the end. */
function sameText(one: string, other: string): boolean {
  const plain = (text: string): string => text.replaceAll("\r\n", "\n").trimEnd();
  return plain(one) === plain(other);
}
