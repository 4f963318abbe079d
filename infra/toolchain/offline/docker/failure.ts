import { rebuildHint } from "../../../../components/core/docker/images";
import { findRefusedLimit, raiseHint } from "../../../../components/core/docker/ulimits";
import { ProblemError, problemError } from "../../../../components/core/problem";
import { withoutSecrets } from "../shared/secret-texts";

/** An object of the engine, as messages name it. */
export interface Subject {
  readonly type: "image" | "network" | "volume" | "container";
  readonly name: string;
  readonly secrets: readonly string[];
  /** Address of the engine, where a message about its host says which. */
  readonly engine?: string;
}

/** What an engine, or the way to it, has said. */
export interface EngineError extends Error {
  readonly code?: string;
  readonly statusCode?: number;
  readonly json?: unknown;
}

/** The status of the engine's refusal; undefined for an error of another kind. */
export function statusOf(error: unknown): number | undefined {
  return (error as Partial<EngineError> | undefined)?.statusCode;
}

/** Runs something about an object; what goes wrong names the object, what was tried, and what to do. */
export async function about<Result>(
  subject: Subject,
  action: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ProblemError) throw error; // says already which and what
    throw describeFailure(subject, action, error);
  }
}

/** A failure in words. Pure. */
export function describeFailure(subject: Subject, action: string, error: unknown): ProblemError {
  const { type, name, secrets } = subject;
  const said = withoutSecrets(saidBy(error), secrets);
  const known = explanations.find(({ pattern }) => pattern.test(said));
  const match = known?.pattern.exec(said);
  const explained = known === undefined || !match ? undefined : known.explain(match, subject, said);
  const what = explained?.what ?? said;
  const hint = explained?.hint ?? "the engine's own log may say more: `journalctl -u docker`.";
  return problemError(`${type} "${name}"`, `could not be ${action}: ${what}`, hint, { cause: error });
}

/** The engine's own words, without what the client puts around them. */
export function saidBy(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { json } = error as EngineError;
  if (typeof json === "object" && json !== null && "message" in json && typeof json.message === "string") {
    return json.message.trim();
  }
  return error.message.replace(/^\(HTTP code \d+\) [^-]*- /, "").trim();
}

interface Explanation {
  readonly pattern: RegExp;
  explain(
    match: RegExpExecArray,
    subject: Subject,
    said: string,
  ): { readonly what?: string; readonly hint: string };
}

/** What the engine's words mean to the user, the most particular first. */
const explanations: readonly Explanation[] = [
  {
    pattern: /HTTP request to an HTTPS server/,
    explain: () => ({
      what: "the engine takes nobody without TLS (Client sent an HTTP request to an HTTPS server)",
      hint: "name the directory of the certificates in pgstead:docker.certPath, or DOCKER_CERT_PATH.",
    }),
  },
  {
    pattern: /Conflict\. The container name "\/?([^"]+)" is already in use by container "([0-9a-f]{12})/,
    explain: ([, name = "", id = ""]) => ({
      what: `the name ${name} is in use by container ${id}, which is not of this stack's state`,
      hint: `look at it: docker inspect ${name}. It is somebody else's, or was left by a run that was killed: choose another name, or remove it (docker rm -f ${name}).`,
    }),
  },
  {
    pattern: /network with name (\S+) already exists/,
    explain: ([, name = ""]) => ({
      hint: `it is somebody else's, or was left by a run that was killed: choose another name, or take it over with \`pulumi import docker:index/network:Network <resource> <id>\` (docker network inspect ${name} has the id).`,
    }),
  },
  {
    pattern:
      /(?:Bind for |listen tcp4? |listen udp4? )(\S+?):? (?:failed: port is already allocated|bind: address already in use)/,
    explain: ([, address = ""]) => ({
      what: `the port of ${address} is in use on the engine's host`,
      hint: "end what listens there (`ss -ltnp`, `docker ps`), or publish another port.",
    }),
  },
  {
    pattern: /bind: cannot assign requested address|failed to bind.*cannot assign/,
    explain: () => ({
      hint: "the engine's host does not have this address: publish on one that it has (`ip addr`).",
    }),
  },
  {
    pattern: /rlimit/i,
    explain: (_match, _subject, said) => {
      const limit = findRefusedLimit(said);
      if (limit === undefined) return { hint: "lower or remove ulimits." };
      return {
        what: `the engine may not raise the limit ${limit} this far`,
        hint: `lower ulimits.${limit}, or ${raiseHint(limit)}.`,
      };
    },
  },
  {
    // The engine's own words, and those of a program that a step of a build runs.
    pattern: /no space left on device/i,
    explain: (_match, { engine }) => ({
      hint: `the disk of the Docker engine${engine === undefined ? "" : ` at ${engine}`} is full: \`docker system df\` says of what; \`docker image prune\` and \`docker builder prune\` remove what nothing uses. Then run this again: it goes on.`,
    }),
  },
  {
    pattern: /No such image: (\S+)|no such image/,
    explain: ([, image = ""], { type, name }) => ({
      what: `the engine does not have the image${image === "" ? "" : ` ${image}`}`,
      hint: rebuildHint(type === "container" ? name : undefined),
    }),
  },
  {
    pattern: /exec format error|does not match the (?:specified|detected host) platform/,
    explain: () => ({
      hint: "image and engine are of different processor architectures: build for the engine's own (build.platform, such as linux/arm64).",
    }),
  },
  {
    pattern: /marked read-only|read-only file system/i,
    explain: () => ({
      hint: "uploads go into the container's root, which is readOnly: put the files on a volume.",
    }),
  },
  {
    pattern: /Memory limit should be smaller than already set memoryswap limit/,
    explain: () => ({ hint: "set memorySwap as well; without it the engine keeps the one it made up." }),
  },
  {
    pattern: /Pool overlaps with other one on this address space|non-overlapping IPv4 address pool/,
    explain: () => ({
      hint: "choose a subnet in ipamConfigs that no other network of the host has (`docker network ls`, `ip route`).",
    }),
  },
  {
    pattern: /No such container|network \S+ not found|no such network:|no such volume/i,
    explain: () => ({ hint: "it is gone: `npm run pulumi -- refresh` takes what is gone out of the state." }),
  },
  {
    pattern: /could not find bridge (\S+):/,
    explain: ([, bridge = ""]) => ({
      hint: `the engine's host lost the network interface ${bridge}: restarting the engine makes it anew.`,
    }),
  },
  {
    pattern: /executable file not found|no such file or directory: unknown/,
    explain: () => ({ hint: "the image has no such program: look at command and entrypoints." }),
  },
  {
    pattern: /unable to find user|no matching entries in (?:passwd|group) file/,
    explain: () => ({ hint: "the image has no such user or group: give it by number, as uid:gid." }),
  },
  {
    pattern: /Minimum memory limit allowed/,
    explain: () => ({ hint: "give memory, in MB, a greater number." }),
  },
];
