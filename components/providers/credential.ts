import { readNamedPassword } from "../io/named-password";
import { generatePassword, scramVerifier } from "../io/scram";
import type { CheckFailure, ResourceType } from "./contract";
import { InputCheck } from "./inputs";
import { reveal, secret, unknown, type PropertyMap } from "./properties";

const highestVersion = 1_000_000;

/**
 * A password of 32 characters and its SCRAM-SHA-256 verifier, both secret, made once, and when that was.
 *
 * Raising `passwordVersion` makes a new one; nothing else does, a refresh neither. It changes no server by itself. One that
 * is `given` stays what it was, as what it encrypted can be read with it alone. With `turn` it is that of one of two
 * logins, and a step that would lock out the clients of both is refused.
 */
export const credential: ResourceType = {
  check({ newInputs, oldInputs }) {
    const check = new InputCheck(newInputs).known("passwordVersion", "given", "turn");
    check.integer("passwordVersion", 1, highestVersion);
    if (newInputs.turn !== undefined) check.oneOf("turn", "current", "former");
    const fault = versionFault(oldInputs, newInputs);
    if (fault !== undefined) check.fail("passwordVersion", fault);
    return Promise.resolve({
      inputs: newInputs,
      failures: [...check.failures, ...givenFailures(newInputs, oldInputs)],
    });
  },

  diff({ state, inputs }) {
    const names = (["passwordVersion", "turn"] as const).filter((name) => state[name] !== inputs[name]);
    if (names.length === 0) return Promise.resolve({ changed: false });
    const detailed = Object.fromEntries(names.map((name) => [name, "update" as const]));
    return Promise.resolve({ changed: true, detailed });
  },

  create({ name, inputs, preview }) {
    return Promise.resolve({ id: name, state: { ...inputs, ...madeOf(inputs, preview) } });
  },

  update({ state, inputs, preview }) {
    const isNew = Number(inputs.passwordVersion) > Number(state.passwordVersion);
    return Promise.resolve({ ...inputs, ...(isNew ? madeOf(inputs, preview) : keptOf(state)) });
  },

  async read({ id, name, inputs, state }) {
    if (state.password !== undefined) return { id, inputs, state };
    const imported = { passwordVersion: 1 };
    return { id: name, inputs: imported, state: { ...imported, ...secrets(await readNamedPassword(id)) } };
  },

  delete: () => Promise.resolve(),
};

const pending: PropertyMap = { password: secret(unknown), verifier: secret(unknown), changedAt: unknown };

/** What is wrong with a step from one number to another; undefined where nothing is. */
function versionFault(old: PropertyMap, inputs: PropertyMap): string | undefined {
  const [before, now] = [Number(old.passwordVersion), Number(inputs.passwordVersion)];
  // The former one of two goes back to the number of its last turn where a single login becomes one of two.
  if (now < before && inputs.turn !== "former") {
    return `it cannot go back from ${before} to ${now}: raise it to make a new password`;
  }
  if (!(now > before)) return undefined;
  if (inputs.turn === "current" && old.turn !== "former") {
    return old.turn === "current"
      ? `it rises by one at a time where two logins take turns: at ${now} the login that clients use now would get a new password`
      : `at ${now} the login that clients use now would get a new password: declare rotation: dual by itself first, and raise it then`;
  }
  if (inputs.turn === undefined && old.turn === "former") {
    return "clients use the other one of the two logins, which would go: raise it by one with rotation: dual, and have them look again, first";
  }
  return undefined;
}

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
  // Of one that was made elsewhere nobody here knows how old it is.
  return { ...secrets(generatePassword()), changedAt: new Date().toISOString() };
}

function secrets(password: string): PropertyMap {
  return { password: secret(password), verifier: secret(scramVerifier(password)) };
}

/** Of a state from before moments were kept, none is known. */
function keptOf({ password, verifier, changedAt }: PropertyMap): PropertyMap {
  return { password, verifier, ...(changedAt === undefined ? {} : { changedAt }) };
}
