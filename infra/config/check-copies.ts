import { isAbsolutePath } from "../../components/core/backup/plan";
import { isCopyName } from "../../components/core/copies/plan";
import { recipientFault } from "../../components/core/copies/recipients";
import type { Problem } from "../../components/core/problem";
import { at } from "./check-server";
import type { Fault } from "./names";
import { copyName } from "./resolve-copies";
import type { WrittenConfig } from "./schema";
import { checkClear, secretNames } from "./secret-map";
import { nearest, renderValue } from "./shape";

type WrittenCopy = WrittenConfig["backup"]["copies"][number];

/** What the types alone cannot tell about copies of backups. */
export function checkCopies(config: WrittenConfig): Problem[] {
  const { copies, encryption } = config.backup;
  const names = copies.map(copyName);
  return [
    ...copies.flatMap((copy, index) => checkCopy(copy, index, config)),
    ...names.flatMap((name, index) =>
      names.indexOf(name) === index ? [] : at(["backup", "copies", index, "name"], twice(name)),
    ),
    ...checkRecipients(encryption),
    ...checkSecrets(config, names),
  ];
}

function twice(name: string): Fault {
  return {
    message: `${renderValue(name)} is the name of another copy as well`,
    hint: "give each a `name` of its own",
  };
}

function checkCopy(copy: WrittenCopy, index: number, config: WrittenConfig): Problem[] {
  const place = ["backup", "copies", index];
  const { name, s3, path } = copy;
  const kinds = [s3, path].filter((one) => one !== undefined).length;
  if (kinds !== 1) {
    const message = kinds === 0 ? "goes nowhere" : "has both s3 and path";
    return at(place, { message, hint: "give it one of `s3` and `path`" });
  }
  return [
    ...at([...place, "name"], name === undefined ? undefined : nameFault(name)),
    ...at([...place, "path"], path === undefined ? undefined : pathFault(path, config.backup.directory)),
    ...(s3 === undefined ? [] : checkBucket(s3, [...place, "s3"], config)),
  ];
}

function nameFault(name: string): Fault | undefined {
  if (isCopyName(name)) return undefined;
  return {
    message: `${renderValue(name)} is no name of a copy`,
    hint: "write lower-case letters, digits and -, 32 at most, such as offsite",
  };
}

function pathFault(path: string, directory: string | undefined): Fault | undefined {
  if (!isAbsolutePath(path)) {
    return { message: `${renderValue(path)} is not an absolute path`, hint: "start it with /" };
  }
  if (directory === undefined || (!isWithin(path, directory) && !isWithin(directory, path))) return undefined;
  return {
    message: `${renderValue(path)} lies with the repository itself, ${directory}`,
    hint: "name a directory elsewhere, on a disk of its own",
  };
}

function isWithin(path: string, parent: string): boolean {
  const plain = (text: string): string => `${text.replace(/\/+/g, "/").replace(/\/$/, "")}/`;
  return plain(path).startsWith(plain(parent));
}

type WrittenBucket = NonNullable<WrittenCopy["s3"]>;

function checkBucket(
  { bucket, prefix, endpoint, secretAccessKeyFile: file }: WrittenBucket,
  place: readonly (string | number)[],
  { target, backup }: WrittenConfig,
): Problem[] {
  return [
    ...checkPlace({ bucket, prefix }, place),
    ...at([...place, "endpoint"], endpoint === undefined ? undefined : endpointFault(endpoint, backup)),
    ...at([...place, "secretAccessKeyFile"], file === undefined ? undefined : fileFault(file, target)),
    ...at(place, backup.encryption === undefined ? unsaid : undefined),
  ];
}

/** What is asked of every place in object storage. */
export function checkPlace(
  { bucket, prefix }: Pick<WrittenBucket, "bucket" | "prefix">,
  place: readonly (string | number)[],
): Problem[] {
  const isBucket = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket);
  const isPrefix = !/^\/|\/\/|(?:^|\/)\.\.?(?:\/|$)/.test(prefix);
  return [
    ...at(
      [...place, "bucket"],
      isBucket
        ? undefined
        : {
            message: `${renderValue(bucket)} is no name of a bucket`,
            hint: "write 3 to 63 lower-case letters, digits, . and -; what comes below it is its prefix",
          },
    ),
    ...at(
      [...place, "prefix"],
      isPrefix
        ? undefined
        : { message: `${renderValue(prefix)} is no prefix`, hint: "write it such as prod" },
    ),
  ];
}

/** What leaves the machine unencrypted is somebody's own word. */
const unsaid: Fault = {
  message: "leaves this machine, and nothing says whether it is encrypted",
  hint: "set pgstead:backup.encryption to { age: [recipients] }, with what `age-keygen -y` prints; or to none",
};

/** Undefined: it is no URL of a service. */
export function parseEndpoint(endpoint: string): URL | undefined {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const isService = url !== undefined && /^https?:$/.test(url.protocol);
  return isService && url.username === "" && url.search === "" ? url : undefined;
}

export function noService(endpoint: string): Fault {
  return {
    message: `${renderValue(endpoint)} is no URL of a service`,
    hint: "write it such as https://s3.example.com, without a login",
  };
}

function endpointFault(endpoint: string, { encryption }: WrittenConfig["backup"]): Fault | undefined {
  const url = parseEndpoint(endpoint);
  if (url === undefined) return noService(endpoint);
  const isHere = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url.protocol === "https:" || isHere || typeof encryption === "object") return undefined;
  return {
    message: `${renderValue(endpoint)} has no TLS, and the copies are not encrypted`,
    hint: "write https://, or set pgstead:backup.encryption to { age: [recipients] }",
  };
}

function fileFault(file: string, target: WrittenConfig["target"]): Fault | undefined {
  if (target === "docker") {
    const hint =
      "remove it: `npm run pulumi -- config set --secret --path 'pgstead:copySecrets.<name>'` gives the container one";
    return { message: "belongs to target embedded or existing", hint };
  }
  if (isAbsolutePath(file)) return undefined;
  return { message: `${renderValue(file)} is not an absolute path`, hint: "start it with /" };
}

function checkRecipients(encryption: WrittenConfig["backup"]["encryption"]): Problem[] {
  if (encryption === undefined || encryption === "none") return [];
  const place = ["backup", "encryption", "age"];
  if (encryption.age.length === 0) {
    return at(place, {
      message: "has no recipient",
      hint: "write one, or set pgstead:backup.encryption to none",
    });
  }
  return encryption.age.flatMap((recipient, index) => at([...place, index], recipientProblem(recipient)));
}

function recipientProblem(recipient: string): Fault | undefined {
  const hint = "write what `age-keygen -y key.txt` prints, age1…";
  switch (recipientFault(recipient)) {
    case undefined:
      return undefined;
    case "secret":
      // Not repeated: it opens every copy.
      return {
        message: "is a secret key",
        hint: `take that key for known to others, make another one, and ${hint}`,
      };
    case "damaged":
      return { message: `${renderValue(recipient)} is no recipient: its checksum or length is wrong`, hint };
    case "unknown":
      return { message: `${renderValue(recipient)} is no recipient of age`, hint };
  }
}

/** Secrets are not looked at, but for whose they are. */
function checkSecrets({ backup, copySecrets, target }: WrittenConfig, names: readonly string[]): Problem[] {
  const given = secretNames(copySecrets);
  const hint =
    "write each with `npm run pulumi -- config set --secret --path 'pgstead:copySecrets.<name>'`, from standard input";
  if (given === undefined) return at(["copySecrets"], { message: "is no map of secrets by name", hint });
  const strange = given.filter((name) => !names.includes(name));
  const lacking = backup.copies.flatMap((copy, index) =>
    copy.s3 === undefined ||
    given.includes(copyName(copy)) ||
    (target !== "docker" && copy.s3.secretAccessKeyFile !== undefined)
      ? []
      : at(["backup", "copies", index, "s3"], {
          message: "has no secret access key",
          hint: hint.replace("<name>", copyName(copy)).replace("each", "it"),
        }),
  );
  return [
    ...checkClear(["copySecrets"], copySecrets, hint),
    ...strange.flatMap((name) => {
      const meant = nearest(name, names);
      const what = meant === undefined ? "remove it" : `did you mean ${meant}?`;
      return at(["copySecrets", name], { message: "there is no copy of that name", hint: what });
    }),
    ...lacking,
  ];
}
