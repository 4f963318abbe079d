import { existsSync } from "node:fs";
import type { CheckFailure, ResourceRequest, ResourceType } from "../../../../components/providers/contract";
import {
  isUnknown,
  reveal,
  revealMap,
  sameValue,
  type PropertyMap,
  type PropertyValue,
} from "../../../../components/providers/properties";
import type { Source } from "../../../../components/io/ssh/upload";
import type { Shape } from "../shared/attribute";
import { uniqueHex } from "./command-resource";
import { assetOf, diffInputs } from "./difference";
import { checkedInputs, connectionAttribute } from "./inputs";
import { onHost } from "./remote-login";
import { officialPlugin } from "./version";

const shape: Shape = {
  plugin: officialPlugin,
  type: "CopyToRemote",
  attributes: {
    connection: connectionAttribute,
    remotePath: { kind: "text", required: true },
    triggers: { kind: "texts" },
    source: { kind: "object" },
  },
  refused: [],
};

/**
 * `command:remote:CopyToRemote`: a text, a file or a directory that is copied to another host over SFTP. A changed source
 * or path copies again; nothing is read back, and nothing is removed when it is deleted. A text is in clear in the state.
 */
export const copyType: ResourceType = {
  check({ newInputs }) {
    const { inputs, failures } = checkedInputs(shape, newInputs);
    return Promise.resolve({ inputs, failures: [...failures, ...sourceFailures(newInputs.source)] });
  },
  diff: ({ state, inputs, ignoreChanges }) =>
    Promise.resolve(diffInputs(state, inputs, { names: Object.keys(shape.attributes), ignoreChanges })),
  async create({ inputs, preview, ...request }) {
    if (preview) return { id: "", state: inputs };
    await copy(inputs, request);
    return { id: uniqueHex(), state: inputs };
  },
  async update({ state, inputs, preview, ...request }) {
    const isSame = sourceHash(state) === sourceHash(inputs) && sameValue(state.remotePath, inputs.remotePath);
    if (!preview && !isSame) await copy(inputs, request);
    return inputs;
  },
  read: ({ id, inputs, state }) => Promise.resolve({ id, inputs, state }),
  delete: () => Promise.resolve(),
};

function sourceHash(map: PropertyMap): string | undefined {
  return assetOf(map.source)?.hash;
}

function sourceFailures(value: PropertyValue | undefined): CheckFailure[] {
  const fail = (reason: string): CheckFailure[] => [{ property: "source", reason }];
  if (value === undefined || value === null) return fail("CopyToRemote needs `source`");
  if (isUnknown(value)) return [];
  const asset = assetOf(value);
  if (asset === undefined) return fail("`source` must be an asset or an archive");
  const { kind, path, text } = asset;
  if (path !== undefined)
    return existsSync(path) ? [] : fail(`there is no ${path}, seen from ${process.cwd()}`);
  if (kind === "asset" && text !== undefined) return [];
  const wanted = kind === "asset" ? "a file or a text" : "a file or a directory";
  return fail(
    `\`source\` must be ${wanted} of this machine: what lies elsewhere, or is put together, is not copied`,
  );
}

async function copy(given: PropertyMap, request: Pick<ResourceRequest, "signal" | "log">): Promise<void> {
  const inputs = revealMap(given);
  const remotePath = reveal(inputs.remotePath) as string;
  await onHost(inputs, request, (connection) => connection.upload(sourceOf(inputs), remotePath));
}

function sourceOf({ source }: PropertyMap): Source {
  const { path, text = "" } = assetOf(source) ?? {};
  return path === undefined ? { text } : { path };
}
