import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  contextDigest,
  contextFiles,
  ignoreRules,
} from "../../../infra/toolchain/offline/docker/build-context";
import { buildCommand, describeBuildFailure } from "../../../infra/toolchain/offline/docker/build-failure";
import { BuildOutput } from "../../../infra/toolchain/offline/docker/build-output";
import { parseIgnoreFile } from "../../../infra/toolchain/offline/docker/ignore-file";

describe("an ignore file", () => {
  const excluded = (text: string, ...paths: string[]): string[] =>
    paths.filter(parseIgnoreFile(text).excludes);

  test.each([
    ["*.log", ["a.log", "b.txt", "sub/c.log"], ["a.log"]],
    ["**/*.log", ["a.log", "sub/c.log", "sub/c.txt"], ["a.log", "sub/c.log"]],
    ["node_modules", ["node_modules/a/b", "x/node_modules/a"], ["node_modules/a/b"]],
    ["**/node_modules", ["node_modules/a", "x/node_modules/a"], ["node_modules/a", "x/node_modules/a"]],
    ["/build/", ["build/x", "sub/build/x"], ["build/x"]],
    ["./a/../b", ["a", "b"], ["b"]],
    ["a?c", ["abc", "a/c", "abbc"], ["abc"]],
    ["[ab].txt", ["a.txt", "c.txt"], ["a.txt"]],
    ["[^ab].txt", ["a.txt", "c.txt"], ["c.txt"]],
    ["docs/**", ["docs/a", "docs/a/b", "docs"], ["docs/a", "docs/a/b"]],
    ["# a comment\n\n a \n", ["a", "# a comment"], ["a"]],
    ["a+b.(x)", ["a+b.(x)", "aab.(x)"], ["a+b.(x)"]],
    ["*\n!keep\n!sub/keep", ["keep", "lose", "sub/keep", "sub/lose"], ["lose", "sub/lose"]],
    ["docs\n!docs/a.md\ndocs/a.md", ["docs/a.md", "docs/b.md"], ["docs/a.md", "docs/b.md"]],
    ["a\\*b", ["a*b", "axb"], ["a*b"]],
  ])("%j", (text, paths, expected) => {
    expect(excluded(text, ...paths)).toEqual(expected);
  });
});

describe("a build context", () => {
  let context: string;
  const place = () => ({ context, dockerfile: join(context, "Dockerfile") });
  const write = (path: string, text: string, mode = 0o644): void => {
    writeFileSync(join(context, path), text);
    chmodSync(join(context, path), mode);
  };

  beforeEach(() => {
    context = mkdtempSync(join(tmpdir(), "pgstead-context-"));
    mkdirSync(join(context, "a"));
    write("Dockerfile", "FROM x\n");
    write("a/run.sh", "true\n", 0o755);
    write("a.txt", "text\n");
  });

  afterEach(() => {
    rmSync(context, { recursive: true });
  });

  test("has the digest that the official plugin computes: names, modes and contents, in order", async () => {
    const sum = (text: string) => createHash("sha256").update(text).digest();
    const expected = createHash("sha256");
    const add = (name: string, mode: string, text: string) =>
      expected.update(name).update(mode).update(sum(text)).update("\0");
    add("Dockerfile", "----------", "FROM x\n");
    add("Dockerfile", "-rw-r--r--", "FROM x\n");
    add("a/run.sh", "-rwxr-xr-x", "true\n");
    add("a.txt", "-rw-r--r--", "text\n");
    expect(await contextDigest(place())).toBe(expected.digest("hex"));
  });

  test("has another digest for another content, mode, name or link, and for a removed file", async () => {
    const seen = new Set([await contextDigest(place())]);
    const changes = [
      () => {
        write("a.txt", "other\n");
      },
      () => {
        chmodSync(join(context, "a.txt"), 0o600);
      },
      () => {
        symlinkSync("a.txt", join(context, "link"));
      },
      () => {
        symlinkSync("nowhere", join(context, "dangling"));
      },
      () => {
        rmSync(join(context, "a/run.sh"));
      },
      () => {
        write("Dockerfile", "FROM y\n");
      },
    ];
    for (const change of changes) {
      change();
      seen.add(await contextDigest(place()));
    }
    expect(seen.size).toBe(changes.length + 1);
  });

  test("is without what is ignored; the Dockerfile's own ignore file wins", () => {
    const names = () => contextFiles(place(), ignoreRules(place())).map(({ path }) => path);
    write(".dockerignore", "a\n!a/run.sh\n");
    write("a/other", "");
    expect(names()).toEqual([".dockerignore", "Dockerfile", "a/run.sh", "a.txt"].sort(byDirectory));
    write("Dockerfile.dockerignore", "*.txt\n");
    expect(names()).toEqual([
      ".dockerignore",
      "Dockerfile",
      "Dockerfile.dockerignore",
      "a/other",
      "a/run.sh",
    ]);
  });
});

describe("the output of a build", () => {
  const stream = (text: string): string => `${JSON.stringify({ stream: text })}\r\n`;

  test("is read in pieces, and remembers the step, its last lines and the failure", () => {
    const output = new BuildOutput();
    const text = [
      stream("Step 1/2 : FROM x\n"),
      stream(" ---> 0123\n"),
      stream("Step 2/2 : RUN make\n"),
      stream("\u001b[31mred\u001b[0m line\nnext\n"),
      `${JSON.stringify({ errorDetail: { code: 2, message: "returned a non-zero code: 2" } })}\n`,
    ].join("");
    const lines = [text.slice(0, 60), text.slice(60, 130), text.slice(130)].flatMap((piece) =>
      output.take(piece),
    );
    expect(lines).toContain("red line");
    expect(output.step).toBe("Step 2/2 : RUN make");
    expect(output.lastLines()).toEqual(["red line", "next"]);
    expect(output.failure).toBe("returned a non-zero code: 2");
  });

  test("keeps the last fifteen lines of a long step", () => {
    const output = new BuildOutput();
    for (let line = 0; line < 1000; line++) output.take(stream(`line ${line}\n`));
    expect(output.lastLines()).toHaveLength(15);
    expect(output.lastLines().at(-1)).toBe("line 999");
  });
});

describe("a failed build", () => {
  const text =
    "# why\nARG BASE\nFROM ${BASE}\n\nRUN set -eu; \\\n    # a comment\n    true; \\\n    make\nCOPY a b\n";
  const from = {
    imageName: "shop:17",
    context: "/srv/shop",
    dockerfile: "/srv/shop/Dockerfile",
    text,
    args: { VERSION: "17.99", NOTE: "it's" },
    network: "host",
  };
  const long = `RUN set -eu;\t${"make all; ".repeat(200)}`;
  const said = `The command '/bin/sh -c ${long.slice(4)}' returned a non-zero code: 100`;

  test("says why before anything else, then which step, and cuts what is long", () => {
    const lines = ["Reading", "E: Version '17.99' for 'postgresql' was not found", "x".repeat(500)];
    const [first, second, third, ...rest] = describeBuildFailure(
      { step: `Step 3/4 : ${long}`, said, lines },
      from,
    ).split("\n");
    expect(first).toBe("E: Version '17.99' for 'postgresql' was not found");
    expect(second).toMatch(
      /^ {2}in step 3 of 4, line 5 of \/srv\/shop\/Dockerfile: RUN set -eu; make .*…, which ended with exit code 100$/,
    );
    expect(third).toBe("  its last lines:");
    expect(rest.map((line) => line.trim()).slice(0, 2)).toEqual(lines.slice(0, 2));
    expect(Math.max(...[first, second, ...rest].map((line = "") => line.length))).toBeLessThan(250);
  });

  test("without a line that tells has the last one, and without any its exit code", () => {
    const end = { step: "Step 3/4 : RUN make", said, lines: ["begin", "end"] };
    expect(describeBuildFailure(end, from).split("\n")[0]).toBe("end");
    expect(describeBuildFailure({ ...end, lines: [] }, from).split("\n")[0]).toBe(
      "its program ended with exit code 100",
    );
  });

  test("that the engine itself refuses has the engine's words; a step of another file has no line", () => {
    const refused = { step: "Step 4/4 : ADD a b", said: "ADD failed: file not found", lines: [] };
    expect(describeBuildFailure(refused, from).split("\n")).toEqual([
      "ADD failed: file not found",
      "  in step 4 of 4, /srv/shop/Dockerfile: ADD a b",
    ]);
    expect(describeBuildFailure({ step: "", said: "no context", lines: [] }, from)).toBe("no context");
  });

  test("can be seen whole with a command that a shell takes", () => {
    expect(buildCommand(from)).toBe(
      "docker build -t shop:17 -f /srv/shop/Dockerfile --network host --build-arg VERSION=17.99 --build-arg 'NOTE=it'\\''s' /srv/shop",
    );
  });
});

/** As a walk finds them: `a/…` before `a.txt`. */
function byDirectory(a: string, b: string): number {
  const [first, second] = [a.replaceAll("/", "\0"), b.replaceAll("/", "\0")];
  return first < second ? -1 : 1;
}
