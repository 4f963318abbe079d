import { readNamedPassword } from "../io/named-password";
import { generatePassword, scramVerifier } from "../io/scram";
import type { ResourceType } from "./contract";
import { InputCheck } from "./inputs";
import { secret, unknown, type PropertyMap } from "./properties";

const highestVersion = 1_000_000;

/**
 * A password of 32 characters and its SCRAM-SHA-256 verifier, both secret, made once.
 *
 * Raising `passwordVersion` makes a new one; nothing else does, a refresh neither. It changes no server by itself.
 */
export const credential: ResourceType = {
  check({ newInputs, oldInputs }) {
    const check = new InputCheck(newInputs).known("passwordVersion");
    check.integer("passwordVersion", 1, highestVersion);
    const [before, now] = [Number(oldInputs.passwordVersion), Number(newInputs.passwordVersion)];
    if (now < before) {
      check.fail(
        "passwordVersion",
        `it cannot go back from ${before} to ${now}: raise it to make a new password`,
      );
    }
    return Promise.resolve({ inputs: newInputs, failures: check.failures });
  },

  diff({ state, inputs }) {
    const changed = state.passwordVersion !== inputs.passwordVersion;
    return Promise.resolve(changed ? { changed, detailed: { passwordVersion: "update" } } : { changed });
  },

  create({ name, inputs, preview }) {
    return Promise.resolve({ id: name, state: { ...inputs, ...(preview ? pending : fresh()) } });
  },

  update({ state, inputs, preview }) {
    if (state.passwordVersion === inputs.passwordVersion) return Promise.resolve(state);
    return Promise.resolve({ ...inputs, ...(preview ? pending : fresh()) });
  },

  async read({ id, name, inputs, state }) {
    if (state.password !== undefined) return { id, inputs, state };
    const imported = { passwordVersion: 1 };
    return { id: name, inputs: imported, state: { ...imported, ...secrets(await readNamedPassword(id)) } };
  },

  delete: () => Promise.resolve(),
};

const pending: PropertyMap = { password: secret(unknown), verifier: secret(unknown) };

function fresh(): PropertyMap {
  return secrets(generatePassword());
}

function secrets(password: string): PropertyMap {
  return { password: secret(password), verifier: secret(scramVerifier(password)) };
}
