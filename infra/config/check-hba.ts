import { checkRule, findUnreachable, weaknessOf } from "../../components/core/hba/check";
import type { HbaRule } from "../../components/core/hba/rule";
import { databaseKeywords, parseWord, userKeywords } from "../../components/core/hba/word";
import type { Problem } from "../../components/core/problem";
import { at } from "./check-server";
import { checkTurnsInHba } from "./check-turns";
import { resolveHbaRule } from "./hba-rule";
import type { Draft } from "./draft";
import type { WrittenConfig } from "./schema";
import { hbaRule } from "./schema-hba";
import { renderPath } from "./shape";

/**
 * What the types alone cannot tell about the rules of pg_hba.conf.
 *
 * @param given the keys as they were written: a rule that is not well-formed is told of elsewhere, and keeps its place in
 * the list
 */
export function checkHba(
  config: WrittenConfig,
  given: Readonly<Record<string, unknown>>,
  drafts: readonly Draft[],
): Problem[] {
  const written = (given.server as { readonly hba?: unknown } | null | undefined)?.hba;
  if (!Array.isArray(written)) return [];
  const rules = written.map((entry: unknown) => {
    const { data } = hbaRule.safeParse(entry);
    return data === undefined ? undefined : resolveHbaRule(data);
  });
  return [
    ...(config.target === "existing" && config.server.shared === true ? at(path(), sharedServer) : []),
    ...rules.flatMap((rule, index) =>
      rule === undefined
        ? []
        : [
            ...checkOne(rule, index, config),
            ...checkNames(rule, index, config, drafts),
            ...checkTurnsInHba(rule, path(index, "user"), drafts),
          ],
    ),
    ...checkOrder(rules),
  ];
}

const sharedServer = {
  message: "pg_hba.conf belongs to the whole server, and this stack shares it",
  hint: "remove it, or declare it where shared is false",
};

function path(...steps: (string | number)[]): (string | number)[] {
  return ["server", "hba", ...steps];
}

function checkOne(rule: HbaRule, index: number, { target }: WrittenConfig): Problem[] {
  const isClear = target === "docker" && isWithoutTls(rule);
  // What is weak about it is said below, once: a way that is forced is not open either.
  const found = checkRule(isClear ? { ...rule, force: true } : rule).map((problem) => ({
    ...problem,
    path: renderPath(path(index, ...problem.path.split("."))),
  }));
  return isClear ? [...clearProblem(rule, index), ...found] : found;
}

/** Whoever comes into a container from afar comes with TLS. */
function isWithoutTls({ type, method }: HbaRule): boolean {
  return type !== "local" && type !== "hostssl" && method !== "reject";
}

function clearProblem(rule: HbaRule, index: number): Problem[] {
  const message = `${rule.type} lets logins in without TLS, and every way into a container is a network`;
  const weakness = weaknessOf(rule);
  if (weakness === undefined) return at(path(index, "type"), { message, hint: "write hostssl" });
  return at(path(index), {
    message: `${message}; ${weakness}`,
    hint: "write `type: hostssl` and `method: scram-sha-256`",
  });
}

/** A role's key is no name on the server, unless both are the same. */
function checkNames(
  { user, database }: HbaRule,
  index: number,
  { server }: WrittenConfig,
  drafts: readonly Draft[],
): Problem[] {
  const roles = drafts.flatMap(({ config }) => config.roles);
  const names = new Set([server.administrator.name, ...roles.map(({ name }) => name)]);
  return user.flatMap((word) => {
    const meaning = parseWord(word, userKeywords);
    const name = meaning.kind === "name" ? meaning.name : meaning.kind === "group" ? meaning.group : "";
    const meant = roles.filter((role) => role.key === name).map((role) => role.name);
    if (names.has(name) || meant.length === 0) return [];
    const isOfAll = database.some((one) => parseWord(one, databaseKeywords).kind === "keyword");
    const near = isOfAll ? meant : meant.filter((one) => database.some((base) => one.startsWith(`${base}_`)));
    const hint = `did you mean ${(near.length > 0 ? near : meant).join(" or ")}?`;
    return at(path(index, "user"), {
      message: `${name} is the key of a role, and pg_hba.conf has the names of the server`,
      hint,
    });
  });
}

function checkOrder(rules: readonly (HbaRule | undefined)[]): Problem[] {
  const known = rules.flatMap((rule, index) => (rule === undefined ? [] : [{ rule, index }]));
  return findUnreachable(known.map(({ rule }) => rule)).flatMap(({ index, by }) => {
    const [late, early] = [known[index]?.index ?? 0, known[by]?.index ?? 0];
    return at(path(late), {
      message: `is never looked at: ${renderPath(path(early))} rejects everybody before it`,
      hint: "remove the earlier one: everybody else is rejected at the end in any case",
    });
  });
}
