import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import { parseDocument } from "yaml";
import { removeLeftovers } from "../../support/docker-stack";
import { freePort } from "../../support/server";
import type { EngineOptions, Subject } from "../engine";
import { makeInstant, makeReal, type Configure } from "../subjects";

/** The stack of Pulumi.prod.yaml on the local engine. */
export interface ProdStack {
  /** Removing it removes all that it has made on the engine. */
  readonly subject: Subject;
  readonly engine: EngineOptions;
  /** What the names of everything on the engine begin with. */
  readonly name: string;
}

/** Memory of the server's container: what is tuned is made from it. */
export const memory = "2GB";

export async function makeProd(docker: Docker): Promise<ProdStack> {
  const name = freeName();
  const { subject, engine } = await makeReal("stack prod", configureProd(name));
  const remove = async (): Promise<void> => {
    await subject.remove();
    await removeLeftovers(docker, name);
  };
  return { subject: { ...subject, remove }, engine, name };
}

export function makeInstantProd(): Promise<Subject> {
  return makeInstant(configureProd(freeName()));
}

function freeName(): string {
  return `pgb-${randomBytes(4).toString("hex")}`;
}

/**
 * The production service as the stack dev of a checkout, which has state and passphrase of its own: under a name and on
 * ports of its own, and disposable.
 */
function configureProd(name: string): Configure {
  return async ({ directory, port }) => {
    const document = parseDocument(await readFile(join(directory, "Pulumi.prod.yaml"), "utf8"));
    const changes: readonly (readonly [readonly string[], unknown])[] = [
      [["pgstead:disposable"], true],
      [["pgstead:docker", "name"], name],
      [["pgstead:server", "port"], port],
      [["pgstead:server", "memory"], memory],
      [["pgstead:monitoring", "prometheusPort"], await freePort()],
      [["pgstead:monitoring", "alertmanagerPort"], await freePort()],
    ];
    for (const [path, value] of changes) document.setIn(["config", ...path], value);
    document.deleteIn(["config", "pgstead:protect"]);
    await writeFile(join(directory, "Pulumi.dev.yaml"), document.toString());
  };
}

const imageKinds = ["postgres", "ops", "monitoring"];

/**
 * Gives the stack's images a second name. `destroy` takes the first one, and the layers stay for the next run, as they do
 * on an engine with another stack.
 */
export async function keepImages(docker: Docker, name: string): Promise<void> {
  const tags = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
  for (const kind of imageKinds) {
    for (const tag of tags.filter((one) => one.startsWith(`${name}-${kind}:`))) {
      await docker.getImage(tag).tag({ repo: `${name}-kept-${kind}`, tag: "bench" });
    }
  }
}
