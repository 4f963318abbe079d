import type { ResourceType } from "../../../../components/providers/contract";
import {
  isSecret,
  reveal,
  revealMap,
  sameValue,
  secret,
  unknown,
  type PropertyMap,
} from "../../../../components/providers/properties";
import { asMap, asText } from "../shared/attribute";
import type { Work } from "../shared/resource";
import { secretTexts } from "../shared/secret-texts";
import { relativeDockerfile } from "./build-context";
import type { Engine } from "./engine";
import { about } from "./failure";
import { buildImage } from "./image-build";
import { buildOptions, checkImage } from "./image-inputs";

type Request = Pick<Work, "signal" | "log">;

/**
 * `docker:index/image:Image`, built and never pushed: its id is its name, its `repoDigest` the id of the local image.
 *
 * As with the official plugin nothing is read from the engine: an image that was removed there is built again only when
 * its inputs or its context change, and deleting one leaves it on the engine.
 */
export function imageType(engine: () => Engine): ResourceType {
  return {
    check: ({ newInputs }) => checkImage(newInputs),
    // Without a difference by property: the engine then shows the one between the inputs.
    diff: ({ state, inputs }) => Promise.resolve({ changed: !sameValue(madeFrom(state), inputs) }),
    async create({ inputs, preview, ...request }) {
      if (preview) return { id: "", state: planned(inputs) };
      const state = await build(engine(), inputs, request);
      return { id: asText(reveal(inputs.imageName)), state };
    },
    update: ({ inputs, preview, ...request }) =>
      preview ? Promise.resolve(planned(inputs)) : build(engine(), inputs, request),
    read: ({ id, inputs, state }) => Promise.resolve({ id, inputs, state }),
    delete: () => Promise.resolve(),
  };
}

/** The inputs that the image of a state was built from. */
function madeFrom(state: PropertyMap): PropertyMap {
  const inputs = state.__inputs;
  return asMap(isSecret(inputs) ? (inputs as PropertyMap).value : inputs) ?? {};
}

async function build(engine: Engine, inputs: PropertyMap, request: Request): Promise<PropertyMap> {
  const work: Work = { ...request, secrets: secretTexts([inputs]) };
  const options = buildOptions(inputs);
  const { host } = engine;
  const subject = {
    type: "image" as const,
    name: options.imageName,
    secrets: work.secrets,
    engine: host,
  };
  const id = await about(subject, "built", () => buildImage(engine, options, work));
  return { ...known(inputs), repoDigest: id, __inputs: secret(revealMap(inputs)) };
}

/** What a preview shows: another image has another id. */
function planned(inputs: PropertyMap): PropertyMap {
  return { ...known(inputs), repoDigest: unknown };
}

function known(inputs: PropertyMap): PropertyMap {
  const build = asMap(inputs.build) ?? {};
  const { context, dockerfile } = revealMap(build);
  const place = { context: asText(context), dockerfile: asText(dockerfile) };
  return {
    imageName: inputs.imageName,
    baseImageName: inputs.imageName,
    registryServer: "",
    context: build.context,
    platform: build.platform,
    dockerfile: relativeDockerfile(place),
  };
}
