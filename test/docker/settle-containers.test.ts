import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connectDocker } from "../../components/io/docker/engine";
import { readContainer } from "../../components/io/docker/container";
import { makeCheckout, type Checkout, type Output } from "../support/checkout";
import { removeLeftovers } from "../support/docker-stack";
import { baseImage } from "../support/offline-docker";

const docker = connectDocker({});
const prefix = `pgt-${randomBytes(4).toString("hex")}`;
let checkout: Checkout;
let env: NodeJS.ProcessEnv;

/** A program with what a stack of target docker has, and nothing else: two containers on one volume. */
const program = `
const docker = require("@pulumi/docker");
const provider = new docker.Provider("engine", {});
const volume = new docker.Volume("data", { name: "${prefix}-data" }, { provider });
const box = (name, dependsOn) =>
  new docker.Container(
    name,
    {
      name: "${prefix}-" + name,
      image: "${baseImage}",
      command: ["sleep", "infinity"],
      destroyGraceSeconds: 1,
      volumes: [{ volumeName: volume.name, containerPath: "/data" }],
    },
    { provider, dependsOn, deleteBeforeReplace: true },
  );
box("second", [box("first", [])]);
`;

beforeAll(async () => {
  checkout = await makeCheckout();
  const home = dirname(checkout.directory);
  await mkdir(join(home, "backend"));
  await mkdir(join(checkout.directory, "trial"));
  await writeFile(join(checkout.directory, "trial", "index.js"), program);
  const project = join(checkout.directory, "Pulumi.yaml");
  const text = await readFile(project, "utf8");
  await writeFile(project, text.replace(/^main: .*$/m, "main: trial/index.js"));
  const config = `config:\n  pgstead:target: docker\n  pgstead:docker: { baseImage: ${baseImage} }\n`;
  await writeFile(join(checkout.directory, "Pulumi.trial.yaml"), config);
  env = {
    PULUMI_BACKEND_URL: `file://${join(home, "backend")}`,
    PULUMI_HOME: join(home, "pulumi"),
    PULUMI_CONFIG_PASSPHRASE: "of a test",
  };
  await pulumi(["stack", "init", "trial"]);
});
afterAll(async () => {
  await removeLeftovers(docker, prefix);
  await checkout.remove();
});

const pulumi = (args: readonly string[], exitCode = 0): Promise<Output> =>
  checkout.run("infra/toolchain/pulumi.ts", args, { env, exitCode });
const up = (...options: readonly string[]) =>
  pulumi(["up", "--yes", "--skip-preview", "-s", "trial", ...options]);

async function idOf(name: string): Promise<string | undefined> {
  const found = await readContainer(docker, `${prefix}-${name}`);
  return found.kind === "there" ? found.id : undefined;
}

const removeByHand = (name: string) => docker.getContainer(`${prefix}-${name}`).remove({ force: true });

describe("a container that somebody removed by hand", () => {
  beforeEach(async () => {
    await up();
  });

  test("is made again by `up`, which leaves the others as they are, and then nothing is left to do", async () => {
    const second = await idOf("second");
    await removeByHand("first");
    const { stderr, text } = await up();
    expect(stderr).toContain(
      `pgstead: container ${prefix}-first is gone: forgetting it, so that this run makes it again; its volumes keep the data`,
    );
    expect(text).toMatch(/docker:index:Container +first +created/);
    expect(await idOf("first")).toBeDefined();
    expect(await idOf("second")).toBe(second);
    const again = await up("--expect-no-changes");
    expect(again.stderr).not.toContain("is gone");
  });

  test("is not in the way of `destroy`", async () => {
    await removeByHand("first");
    const { stderr } = await pulumi(["destroy", "--yes", "--skip-preview", "-s", "trial"]);
    expect(stderr).toContain(`container ${prefix}-first is gone: forgetting it, as there is nothing left`);
    expect(await idOf("second")).toBeUndefined();
    expect((await docker.listVolumes()).Volumes.filter(({ Name }) => Name.startsWith(prefix))).toEqual([]);
  });

  test("is in the way of a plain Pulumi, which is why the wrapper looks", async () => {
    await removeByHand("second");
    const args = ["destroy", "--yes", "--skip-preview", "-s", "trial", "-C", checkout.directory];
    expect((await pulumi(args, 1)).text).toContain("No such container");
  });
});
