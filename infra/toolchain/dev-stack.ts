import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { problemError } from "../../components/core/problem";
import type { ToolchainContext } from "./context";
import { makeDirectory, withLock } from "./install";
import { devStack, projectName } from "./login";
import { isRunning } from "../../components/io/running-process";
import { run } from "./process";
import { saltOf } from "./stack-file";

/** Where the dev stack of this checkout is kept. */
export interface DevStack {
  readonly backend: string;
  readonly passphraseFile: string;
  /** A project of the same name, for `pulumi stack init`: Pulumi writes the salt there and not into the checkout. */
  readonly stub: string;
  /** The stack's state, as Pulumi's file backend names it. */
  readonly checkpoint: string;
  /** Locks of running updates. */
  readonly locks: string;
}

export function locateDevStack({ state, project }: ToolchainContext): DevStack {
  const backend = join(state, "backend");
  const name = projectName(project);
  return {
    backend,
    passphraseFile: join(state, "passphrase"),
    stub: join(state, "stub"),
    checkpoint: join(backend, ".pulumi", "stacks", name, `${devStack}.json`),
    locks: join(backend, ".pulumi", "locks", "organization", name, devStack),
  };
}

/** URL of a directory for Pulumi's file backend, which takes the path as it is. */
export function backendUrl(stack: DevStack): string {
  return `file://${stack.backend}`;
}

/** Makes what the dev stack needs, once: directories, passphrase, stack. Later runs only look at files. */
export async function ensureDevStack(
  context: ToolchainContext,
  pulumi: { readonly program: string; readonly env: NodeJS.ProcessEnv },
): Promise<DevStack> {
  const stack = locateDevStack(context);
  if (!isComplete(stack)) {
    await makeDirectory(context.state, 0o700);
    await withLock(join(context.state, "init"), async () => {
      if (!isComplete(stack)) await init(context, stack, pulumi);
    });
  }
  removeDeadLocks(stack);
  removeTornAttributes(dirname(stack.checkpoint));
  return stack;
}

/** The salt that the stack's secrets were encrypted with. */
export function readSalt(stack: DevStack): string | undefined {
  const file = stubFile(stack);
  return existsSync(file) ? saltOf(readFileSync(file, "utf8")) : undefined;
}

function isComplete(stack: DevStack): boolean {
  return existsSync(stack.checkpoint) && existsSync(stack.passphraseFile) && readSalt(stack) !== undefined;
}

async function init(
  context: ToolchainContext,
  stack: DevStack,
  { program, env }: { readonly program: string; readonly env: NodeJS.ProcessEnv },
): Promise<void> {
  await mkdir(stack.backend, { recursive: true, mode: 0o700 });
  await mkdir(stack.stub, { recursive: true, mode: 0o700 });
  await ensurePassphrase(stack);
  const name = projectName(context.project);
  await writeFile(join(stack.stub, "Pulumi.yaml"), `name: ${JSON.stringify(name)}\nruntime: nodejs\n`);
  if (existsSync(stack.checkpoint)) {
    await restoreSalt(stack);
    return;
  }
  const result = await run(program, ["stack", "init", devStack, "--non-interactive"], {
    cwd: stack.stub,
    env: { ...env, PULUMI_STACK: undefined },
  });
  if (result.exitCode === 0 && isComplete(stack)) return;
  throw problemError(
    `stack ${devStack}`,
    `Pulumi could not make it in ${stack.backend}: ${result.stderr.trim() || `exit code ${result.exitCode ?? "none"}`}`,
    "mend what it says; `npm run doctor` tells what is there.",
  );
}

/** Random, for this checkout's dev stack alone; written whole, readable for nobody else. */
async function ensurePassphrase(stack: DevStack): Promise<void> {
  if (existsSync(stack.passphraseFile)) return;
  if (existsSync(stack.checkpoint)) {
    throw problemError(
      stack.passphraseFile,
      "it is gone, and with it the secrets of stack dev that were encrypted with it",
      `put it back, or give the stack up: remove ${stack.backend} and start again (the embedded server keeps its data; its stack file may need another dataDirectory).`,
    );
  }
  // A salt belongs to its passphrase: with that of a lost one, Pulumi refuses the new one.
  rmSync(stubFile(stack), { force: true });
  const draft = `${stack.passphraseFile}.${randomBytes(4).toString("hex")}`;
  await writeFile(draft, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, stack.passphraseFile);
}

/** The state knows the salt as well: for a run that was killed before the stub's file was written. */
async function restoreSalt(stack: DevStack): Promise<void> {
  const latest = readCheckpoint(stack)?.latest;
  const salt = latest?.secrets_providers?.state?.salt;
  if (typeof salt !== "string") {
    throw problemError(
      stack.checkpoint,
      "it does not say how its secrets are encrypted: it was damaged, or its secrets provider was changed",
      "stack dev uses its own passphrase only. Restore the file from the `.bak` beside it, or use another stack for another provider.",
    );
  }
  await writeFile(stubFile(stack), `encryptionsalt: ${JSON.stringify(salt)}\n`);
}

const stubFile = (stack: DevStack) => join(stack.stub, `Pulumi.${devStack}.yaml`);

interface Checkpoint {
  readonly latest?: {
    readonly secrets_providers?: { readonly state?: { readonly salt?: unknown } };
    readonly resources?: readonly { readonly type?: string; readonly outputs?: Record<string, unknown> }[];
    /** What a run that was killed had begun. */
    readonly pending_operations?: readonly unknown[];
  };
}

/** The dev stack's state as it is on disk: without starting Pulumi a second time, and secrets stay encrypted. */
export function readCheckpoint(stack: DevStack): Checkpoint | undefined {
  try {
    const { checkpoint } = JSON.parse(readFileSync(stack.checkpoint, "utf8")) as { checkpoint?: Checkpoint };
    return checkpoint;
  } catch {
    return undefined;
  }
}

/** A killed `pulumi` leaves its lock behind, and the next one refuses to run: remove those of processes that are gone. */
function removeDeadLocks(stack: DevStack): void {
  if (!existsSync(stack.locks)) return;
  for (const name of readdirSync(stack.locks)) {
    const file = join(stack.locks, name);
    if (!name.endsWith(".json") || !isDead(file)) continue;
    rmSync(file, { force: true });
    rmSync(`${file}.attrs`, { force: true });
  }
}

function isDead(file: string): boolean {
  try {
    const { pid, hostname: host } = JSON.parse(readFileSync(file, "utf8")) as {
      pid: number;
      hostname: string;
    };
    return host === hostname() && !isRunning(pid);
  } catch {
    return false; // being written, or already gone
  }
}

/**
 * Pulumi's file backend keeps a small `.attrs` beside each file and writes it in place: one that a killed `pulumi` left
 * half written makes every later command fail with "EOF". A file without one is as good.
 */
function removeTornAttributes(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (name.endsWith(".attrs") && !isJson(join(directory, name))) {
      rmSync(join(directory, name), { force: true });
    }
  }
}

function isJson(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, "utf8"));
    return true;
  } catch {
    return false;
  }
}
