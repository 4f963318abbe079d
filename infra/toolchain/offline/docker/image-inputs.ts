import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { CheckFailure } from "../../../../components/providers/contract";
import {
  isUnknown,
  reveal,
  type PropertyMap,
  type PropertyValue,
} from "../../../../components/providers/properties";
import { asMap, asText, type Shape } from "../shared/attribute";
import { checkInputs } from "../shared/check";
import { contextDigest } from "./build-context";
import type { BuildOptions } from "./image-build";
import { officialPlugin } from "./version";

/** What an input of an image may be. The official plugin writes no `__defaults` for it. */
export const imageShape: Shape = {
  plugin: officialPlugin,
  type: "Image",
  attributes: {
    imageName: { kind: "text", required: true, verify: wrongImageName },
    skipPush: { kind: "flag", required: true, only: [true] },
    buildOnPreview: { kind: "flag", only: [false] },
    build: {
      kind: "object",
      inner: {
        attributes: {
          context: { kind: "text" },
          dockerfile: { kind: "text" },
          args: { kind: "map" },
          network: { kind: "text" },
          platform: { kind: "text" },
          target: { kind: "text" },
          contextDigest: { kind: "text" },
        },
        refused: ["addHosts", "builderVersion", "cacheFrom"],
      },
    },
  },
  refused: ["registry"],
};

/** Judges an image's inputs, and adds what the official plugin adds: where it is built, for what, and from what. */
export async function checkImage(
  newInputs: PropertyMap,
): Promise<{ inputs: PropertyMap; failures: readonly CheckFailure[] }> {
  const { failures } = checkInputs(imageShape, {}, newInputs);
  const build = asMap(newInputs.build) ?? {};
  const [context, dockerfile] = placeOf(build);
  const inputs = {
    ...withoutNothing(newInputs),
    buildOnPreview: newInputs.buildOnPreview ?? false,
    build: {
      ...withoutNothing(build),
      context,
      dockerfile,
      platform: build.platform ?? `linux/${architecture()}`,
    },
  };
  const isKnown = typeof reveal(context) === "string" && !isUnknown(context) && !isUnknown(dockerfile);
  if (failures.length > 0 || !isKnown) return { inputs, failures };
  const place = { context: asText(reveal(context)), dockerfile: asText(reveal(dockerfile)) };
  const missing = missingFiles(place);
  if (missing.length > 0) return { inputs, failures: missing };
  return {
    inputs: { ...inputs, build: { ...inputs.build, contextDigest: await contextDigest(place) } },
    failures,
  };
}

function placeOf({ context = ".", dockerfile }: PropertyMap): readonly [PropertyValue, PropertyValue] {
  const directory = context ?? ".";
  if (dockerfile !== undefined && dockerfile !== null) return [directory, dockerfile];
  const plain = reveal(directory);
  return [
    directory,
    isUnknown(directory) ? directory : join(typeof plain === "string" ? plain : ".", "Dockerfile"),
  ];
}

function missingFiles({
  context,
  dockerfile,
}: {
  readonly context: string;
  readonly dockerfile: string;
}): CheckFailure[] {
  if (!existsSync(context)) {
    return [{ property: "build.context", reason: `there is no directory ${context}${from(context)}` }];
  }
  if (existsSync(dockerfile)) return [];
  const inContext = join(context, dockerfile);
  const hint = existsSync(inContext) ? `; did you mean ${inContext}?` : "";
  return [
    { property: "build.dockerfile", reason: `there is no file ${dockerfile}${from(dockerfile)}${hint}` },
  ];
}

function from(path: string): string {
  return isAbsolute(path) ? "" : `, seen from ${process.cwd()}`;
}

/** What is built from checked inputs. */
export function buildOptions(inputs: PropertyMap): BuildOptions {
  const { imageName, build } = reveal(inputs) as {
    imageName: string;
    build: Omit<BuildOptions, "imageName">;
  };
  return { ...build, imageName, args: { ...build.args } };
}

function withoutNothing(map: PropertyMap): PropertyMap {
  return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== undefined && value !== null));
}

/** The processor of this machine, in the words of Docker: the default of the official plugin. */
function architecture(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}

function wrongImageName(property: string, text: string): string | undefined {
  const name = /^[a-z0-9]+(?:[._/:-]+[a-z0-9]+)*(?::[\w][\w.-]{0,127})?$/;
  if (name.test(text)) return undefined;
  return `\`${property}\` must be a repository and a tag, such as shop-postgres:17: lower-case letters, digits, and . _ - / between them`;
}
