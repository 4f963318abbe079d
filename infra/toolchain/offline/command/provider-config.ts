import type { CheckFailure } from "../../../../components/providers/contract";
import type { PropertyMap } from "../../../../components/providers/properties";
import { engineSettings } from "../shared/settings";

/** The official plugin writes the version of the library that it is built with into its settings. */
const library = { name: "__pulumi-go-provider-version", version: "v1.5.0" };

/** The provider has no settings of its own. */
export function checkConfig(inputs: PropertyMap): { inputs: PropertyMap; failures: readonly CheckFailure[] } {
  const failures = Object.keys(inputs)
    .filter((name) => name !== library.name && !engineSettings.includes(name))
    .map((property) => ({ property, reason: `the command plugin has no setting \`${property}\`` }));
  return { inputs: { ...inputs, [library.name]: library.version }, failures };
}
