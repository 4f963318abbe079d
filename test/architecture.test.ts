import { readdirSync, readFileSync } from "node:fs";
import { join, posix, relative, resolve, sep } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { importCircles } from "./support/import-circles";
import { layers, type Layer } from "./support/layers";

const root = resolve(__dirname, "..");

describe("the sources of this project", () => {
  const files = ["components", "infra", "test"].flatMap(sourcesBelow);

  test("are found", () => {
    expect(files).toContain("test/architecture.test.ts");
    expect(files).toContain("infra/config/schema.ts");
    expect(files).toContain("components/core/problem.ts");
  });

  // Every file is parsed: on a busy machine that has taken a minute.
  test("keep the table of who may import whom", { timeout: 180_000 }, () => {
    expect(violations(files, importFaults)).toEqual([]);
  });

  test("never import each other in a circle, not even types", () => {
    const known = new Set(files);
    const places = (file: string, name: string): string[] => {
      const path = posix.join(posix.dirname(file), name);
      return [fileOf(path), `${path}/index.ts`].filter((place) => known.has(place));
    };
    const imports = files.map((file): [string, string[]] => {
      const text = readFileSync(join(root, file), "utf8");
      const names = importsOf(file, text).filter(({ name }) => name.startsWith("."));
      return [file, names.flatMap(({ name }) => places(file, name))];
    });
    expect(importCircles(new Map(imports))).toEqual([]);
  });

  test("have names that say what is in them", () => {
    expect(files.flatMap(nameFaults)).toEqual([]);
  });

  test("are pure in core, read the configuration in one place, and have named exports", () => {
    expect(violations(files, textFaults)).toEqual([]);
  });
});

describe("the check itself can fail", () => {
  test.each([
    [
      "components/core/a.ts",
      'import { readFile } from "node:fs/promises";',
      "core may not import node:fs/promises",
    ],
    ["components/core/a.ts", 'import type { Client } from "pg";', "core may not import pg"],
    ["components/core/a.ts", 'export * from "../io/session";', "core may not import io (../io/session)"],
    ["components/core/a.ts", 'const io = import("../io/session");', "core may not import io (../io/session)"],
    ["components/core/a.ts", 'const fs = require("node:fs");', "core may not import node:fs"],
    [
      "components/core/a.ts",
      'type A = import("../io/session").Session;',
      "core may not import io (../io/session)",
    ],
    ["components/io/a.ts", 'import * as pulumi from "@pulumi/pulumi";', "io may not import @pulumi/pulumi"],
    [
      "components/io/a.ts",
      'import { x } from "../providers/guard";',
      "io may not import providers (../providers/guard)",
    ],
    ["components/providers/a.ts", 'import "node:fs";', "providers may not import node:fs"],
    ["components/a.ts", 'import { x } from "./io/session";', "components may not import io (./io/session)"],
    ["infra/config.ts", 'import "@pulumi/pulumi";', "configuration may not import @pulumi/pulumi"],
    [
      "infra/plan.ts",
      'import { Roles } from "../components";',
      "configuration may not import components (../components)",
    ],
    ["infra/index.ts", 'import { x } from "./ops/cli";', "program may not import operations (./ops/cli)"],
    [
      "infra/ops/a.ts",
      'import { Roles } from "../../components/roles";',
      "operations may not import components (../../components/roles)",
    ],
    [
      "infra/ops/a.ts",
      'import { x } from "../toolchain/start";',
      "operations may not import toolchain (../toolchain/start)",
    ],
    [
      "infra/toolchain/a.ts",
      'import { x } from "../../components/providers/guard";',
      "toolchain may not import providers (../../components/providers/guard)",
    ],
    [
      "components/io/a.ts",
      'import { x } from "../../test/support/server";',
      "io may not import tests (../../test/support/server)",
    ],
    [
      "components/io/a.ts",
      'import { x } from "../../elsewhere";',
      "io may not import ../../elsewhere, which no layer holds",
    ],
  ])("%s: %s", (file, text, fault) => {
    expect(importFaults(file, text)).toEqual([fault]);
  });

  test("and lets through what is right", () => {
    const text = 'import type { RolesArgs } from "../components/roles";\nimport { z } from "zod";';
    expect(importFaults("infra/plan.ts", text)).toEqual([]);
    expect(importFaults("components/core/a.ts", 'import { x } from "./b";')).toEqual([]);
    expect(importFaults("test/unit/a.test.ts", 'import { x } from "../../infra/toolchain/site";')).toEqual(
      [],
    );
  });

  test.each([
    ["components/core/a.ts", "const now = Date.now();", "core has no clock"],
    ["components/core/a.ts", "const now = new Date();", "core has no clock"],
    ["components/core/a.ts", "const salt = Math.random();", "core has no random"],
    ["components/core/a.ts", "const home = process.env.HOME;", "core has no process"],
    [
      "infra/plan.ts",
      "const config = new pulumi.Config();",
      "only infra/index.ts reads the configuration of Pulumi",
    ],
    ["infra/ops/a.ts", "export default 1;", "exports are named"],
    ["infra/ops/a.ts", 'const place = "/home/ada/shop";', "names a path of somebody's machine"],
    ["infra/ops/a.ts", "\n".repeat(301), "has 301 lines: 300 are the limit"],
  ])("%s: %#", (file, text, fault) => {
    expect(textFaults(file, text)).toEqual([fault]);
  });

  test("finds circles of files, short and long", () => {
    const imports = { a: ["b"], b: ["c", "d"], c: ["a"], d: ["e"], e: [], f: ["g", "a"], g: ["f"] };
    expect(importCircles(new Map(Object.entries(imports)))).toEqual([
      ["a", "b", "c"],
      ["f", "g"],
    ]);
  });

  test.each([
    "components/Roles.ts",
    "infra/ops/string_utils.ts",
    "infra/ops/utils.ts",
    "components/io/role-manager.ts",
  ])("%s is no name of a file", (file) => {
    expect(nameFaults(file)).toHaveLength(1);
  });
});

type Check = (file: string, text: string) => string[];

function violations(files: readonly string[], check: Check): string[] {
  return files.flatMap((file) =>
    check(file, readFileSync(join(root, file), "utf8")).map((fault) => `${file}: ${fault}`),
  );
}

function importFaults(file: string, text: string): string[] {
  const from = layerOf(file);
  if (from === undefined) return [`no layer holds ${file}`];
  return importsOf(file, text).flatMap(({ name, typeOnly }) => {
    if (!name.startsWith(".")) {
      return from.packages.some((allowed) => allowed.test(name))
        ? []
        : [`${from.name} may not import ${name}`];
    }
    const to = layerOf(fileOf(posix.join(posix.dirname(file), name)));
    if (to === undefined)
      return from.name === "tests" ? [] : [`${from.name} may not import ${name}, which no layer holds`];
    const allowed = [from.name, ...from.layers, ...(typeOnly ? (from.types ?? []) : [])];
    if (allowed.includes("*") || allowed.includes(to.name)) return [];
    return [`${from.name} may not import ${to.name} (${name})`];
  });
}

/** Every module that a text names: imports, exports from, import(), require() and types by import(). */
function importsOf(file: string, text: string): readonly Import[] {
  const known = parsed.get(text) ?? parseImports(file, text);
  parsed.set(text, known);
  return known;
}

interface Import {
  readonly name: string;
  readonly typeOnly: boolean;
}

/** Two tests ask for the imports of every file. */
const parsed = new Map<string, readonly Import[]>();

function parseImports(file: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (name: ts.Node | undefined, typeOnly: boolean): void => {
    if (name !== undefined && ts.isStringLiteralLike(name)) found.push({ name: name.text, typeOnly });
  };
  const visit = (at: ts.Node): void => {
    if (ts.isImportDeclaration(at))
      add(at.moduleSpecifier, at.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    if (ts.isExportDeclaration(at)) add(at.moduleSpecifier, at.isTypeOnly);
    if (ts.isImportTypeNode(at) && ts.isLiteralTypeNode(at.argument)) add(at.argument.literal, true);
    if (ts.isCallExpression(at) && /^(?:import|require)$/.test(at.expression.getText()))
      add(at.arguments[0], false);
    ts.forEachChild(at, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true));
  return found;
}

function layerOf(file: string): Layer | undefined {
  return layers.find(({ files }) => files.test(file));
}

/** The file that an import means; the layers need no more than its place. */
function fileOf(path: string): string {
  if (path === "components") return "components/index.ts";
  // `import()` takes the name that a file has once it is compiled.
  if (path.endsWith(".js")) return path.replace(/\.js$/, ".ts");
  return /\.(?:cjs|ts|json)$/.test(path) ? path : `${path}.ts`;
}

function textFaults(file: string, text: string): string[] {
  const faults: string[] = [];
  const refuse = (pattern: RegExp, fault: string): void => {
    if (pattern.test(text)) faults.push(fault);
  };
  if (layerOf(file)?.name === "core") {
    refuse(/\bDate\.now\(|\bnew Date\(\)|\bperformance\./, "core has no clock");
    refuse(/\bMath\.random\b|\bcrypto\./, "core has no random");
    refuse(/\bprocess\./, "core has no process");
  }
  if (!file.startsWith("test/") && file !== "infra/index.ts") {
    refuse(/\bpulumi\.Config\b|\ballConfig\(/, "only infra/index.ts reads the configuration of Pulumi");
  }
  if (file !== "test/architecture.test.ts") {
    refuse(/^export default\b/m, "exports are named");
    refuse(
      /(?:\/home|\/Users|\/root|\/work|[A-Z]:\\Users)[/\\][A-Za-z]/,
      "names a path of somebody's machine",
    );
  }
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  if (lines > 300) faults.push(`has ${lines} lines: 300 are the limit`);
  return faults;
}

function nameFaults(file: string): string[] {
  const name = posix.basename(file).replace(/(?:\.test)?\.(?:ts|cjs)$/, "");
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) return [`${file}: a file's name is kebab-case`];
  const vague = /(?:^|-)(?:utils?|helpers?|managers?|infos?)$|^data$/.test(name);
  return vague ? [`${file}: what is in it? Its name does not say`] : [];
}

function sourcesBelow(directory: string): string[] {
  const found = readdirSync(join(root, directory), { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((file) => !file.includes("node_modules/"))
    .toSorted();
}
