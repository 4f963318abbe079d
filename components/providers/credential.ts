import { readNamedPassword } from "../io/named-password";
import { generatePassword, scramVerifier } from "../io/scram";
import type { CheckFailure, ResourceType } from "./contract";
import { InputCheck } from "./inputs";
import { reveal, secret, unknown, type PropertyMap } from "./properties";

const highestVersion = 1_000_000;

/**
 * A password of 32 characters and its SCRAM-SHA-256 verifier, both secret, made once.
 *
 * Raising `passwordVersion` makes a new one; nothing else does, a refresh neither. It changes no server by itself. One that
 * is `given` stays what it was, as what it encrypted can be read with it alone.
 */
export const credential: ResourceType = {
  check({ newInputs, oldInputs }) {
    const check = new InputCheck(newInputs).known("passwordVersion", "given");
    check.integer("passwordVersion", 1, highestVersion);
    const [before, now] = [Number(oldInputs.passwordVersion), Number(newInputs.passwordVersion)];
    if (now < before) {
      check.fail(
        "passwordVersion",
        `it cannot go back from ${before} to ${now}: raise it to make a new password`,
      );
    }
    return Promise.resolve({
      inputs: newInputs,
      failures: [...check.failures, ...givenFailures(newInputs, oldInputs)],
    });
  },

  diff({ state, inputs }) {
    const changed = state.passwordVersion !== inputs.passwordVersion;
    return Promise.resolve(changed ? { changed, detailed: { passwordVersion: "update" } } : { changed });
  },

  create({ name, inputs, preview }) {
    return Promise.resolve({ id: name, state: { ...inputs, ...madeOf(inputs, preview) } });
  },

  update({ state, inputs, preview }) {
    if (state.passwordVersion === inputs.passwordVersion) return Promise.resolve(state);
    return Promise.resolve({ ...inputs, ...madeOf(inputs, preview) });
  },

  async read({ id, name, inputs, state }) {
    if (state.password !== undefined) return { id, inputs, state };
    const imported = { passwordVersion: 1 };
    return { id: name, inputs: imported, state: { ...imported, ...secrets(await readNamedPassword(id)) } };
  },

  delete: () => Promise.resolve(),
};

const pending: PropertyMap = { password: secret(unknown), verifier: secret(unknown) };

/** The words are of the one that is given: the passphrase of a repository. */
function givenFailures(newInputs: PropertyMap, oldInputs: PropertyMap): readonly CheckFailure[] {
  const [before, now] = [oldInputs.given, newInputs.given].map((one) => reveal(one) ?? null);
  if (oldInputs.passwordVersion === undefined || before === now) return [];
  const reason =
    "the passphrase of the second repository is another one than it was made with, and nothing in it can be read " +
    "with that: write the former one again (pgstead:repositorySecrets.passphrase; where it was made, remove that), or " +
    "begin another repository: remove `second` from the configuration, run `up`, and declare it with an empty bucket, or " +
    "another prefix";
  return [{ property: "given", reason }];
}

function madeOf(inputs: PropertyMap, preview: boolean): PropertyMap {
  const given = reveal(inputs.given);
  if (typeof given === "string") return secrets(given);
  return preview ? pending : fresh();
}

function fresh(): PropertyMap {
  return secrets(generatePassword());
}

function secrets(password: string): PropertyMap {
  return { password: secret(password), verifier: secret(scramVerifier(password)) };
}
