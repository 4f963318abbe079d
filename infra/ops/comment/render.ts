import { risks, type Risk } from "../../../components/core/statement";
import { visible } from "../../../components/core/visible";
import { plural } from "../text";
import { renderFenced, type CommentDocument, type Section } from "./document";
import type { LintComment } from "./lint";
import type { PreviewReport, ReportedPlan } from "./resolve";

/** The first line of a stack's comment: by it the comment is found again. */
export function previewMarker(stack: string): string {
  return `<!-- pgstead:preview stack=${stack} -->`;
}

/** The comment of a preview: what is refused or failed first, then the risks, then the SQL of each resource, folded. */
export function previewDocument(stack: string, report: PreviewReport): CommentDocument {
  const marker = previewMarker(stack);
  const { outcome, refusals, errors, unread, warnings } = report;
  if (outcome === "unchanged") {
    const { undeclared } = report;
    const left = undeclared === 0 ? "" : ` Left alone: ${plural(undeclared, "thing")} that nobody declared.`;
    const notes = warnings.length === 0 ? "" : `\n\n${renderList("Warnings", warnings)}`;
    const head = `pgstead: stack \`${stack}\` has no changes.${left}${notes}`;
    return { marker, head, sections: report.resources.flatMap(sectionOf) };
  }
  const head = [
    `### pgstead: preview of stack \`${stack}\``,
    ...(refusals.length === 0
      ? []
      : [
          renderList(
            `**Refused: nothing of this will run** (${plural(refusals.length, "refusal")})`,
            refusals,
          ),
        ]),
    ...(errors.length === 0 ? [] : [renderList("**The preview failed**", errors)]),
    ...(unread.length === 0
      ? []
      : [renderList("**Compared with the state only**, not with the server", unread)]),
    ...(warnings.length === 0 ? [] : [renderList("Warnings", warnings)]),
    ...renderSums(report),
  ].join("\n\n");
  return { marker, head, sections: [...report.resources.flatMap(sectionOf), ...otherSection(report)] };
}

/** The comment of a preview that never came to a plan. */
export function failureDocument(stack: string, reason: string, hint: string): CommentDocument {
  const what = renderList("**The preview failed** before it had a plan", [`${reason}\n  hint: ${hint}`]);
  return {
    marker: previewMarker(stack),
    head: `### pgstead: preview of stack \`${stack}\`\n\n${what}`,
    sections: [],
  };
}

/** The comment with what `migrate lint` said: what blocks in its head, the rest folded. */
export function withLint(
  { marker, head, sections }: CommentDocument,
  { blocking, sections: more }: LintComment,
): CommentDocument {
  const list = renderList("**`migrate lint`: these keep migrations from being applied**", blocking);
  return {
    marker,
    head: blocking.length === 0 ? head : `${head}\n\n${list}`,
    sections: [...sections, ...more],
  };
}

/** Longest list in the head, which has to fit with all else in it; each of five lists takes so much at most. */
const longestList = 10_000;

function renderList(title: string, items: readonly string[]): string {
  const shown: string[] = [];
  let length = 0;
  for (const item of items) {
    const text = item.length > longestList / 2 ? `${item.slice(0, longestList / 2)} …` : item;
    if ((length += text.length + 1) > longestList) break;
    shown.push(text.split("\n").map(visible).join("\n"));
  }
  const more = items.length - shown.length;
  const lines = [...shown, ...(more === 0 ? [] : [`… and ${more} more`])];
  return `${title}\n\n${renderFenced("text", lines.join("\n"))}`;
}

const meanings: Readonly<Record<Risk, string>> = {
  "data-loss": "rows are lost",
  restart: "the server restarts: sessions are ended",
  review: "programs may have to change with it, or its text does not tell what it does",
  lock: "others wait meanwhile",
  access: "who may do what changes",
  none: "nothing that is there changes for anybody",
};

function renderSums({ statements, risks: counts, resources, changes }: PreviewReport): string[] {
  const rows = risks
    .toReversed()
    .filter((risk) => counts[risk] > 0)
    .map((risk) => `| ${risk === "none" ? risk : `**${risk}**`} | ${counts[risk]} | ${meanings[risk]} |`);
  const table = ["| risk | statements | |", "| --- | ---: | --- |", ...rows].join("\n");
  const planned = resources.filter((resource) => resource.lines.length > 0).length;
  const where = planned === 0 ? "" : ` of ${plural(planned, "resource")}`;
  const sum = `**${plural(statements, "statement")}**${where}; ${plural(changes, "Pulumi resource")} ${changes === 1 ? "changes" : "change"}`;
  if (statements === 0 && changes === 0) return [];
  return rows.length === 0 ? [sum] : [sum, table];
}

function sectionOf({ resource, op, summary, lines }: ReportedPlan): Section[] {
  if (lines.length === 0) return [];
  const count = summary === "" ? "" : `: ${summary}`;
  return [
    {
      title: `${resource} (${op})${count}`,
      language: "sql",
      lines: lines.map((text) => ({ text, rank: rankOf(text) })),
    },
  ];
}

/** The worse a statement, the longer it stays in a comment that is cut; its risk stands behind its reason. */
function rankOf(line: string): number {
  const risk = / \[(access|review|lock|restart|data-loss)\](?: \([^()]*\))*$/.exec(line)?.[1];
  if (line.startsWith("-- …")) return risks.length;
  return risks.indexOf((risk ?? "none") as Risk);
}

function otherSection({ others }: PreviewReport): Section[] {
  if (others.length === 0) return [];
  const lines = others.map((text) => ({ text: visible(text), rank: -1 }));
  return [{ title: `${plural(others.length, "resource")} besides`, language: "text", lines }];
}
