import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import { execIn } from "../../components/io/docker/container";
import { projectRoot } from "../../components/io/places";
import { browserImage, buildBrowserImage } from "./browser-image";

export interface View {
  readonly name: string;
  /** Pixels. */
  readonly width: number;
  readonly dark?: boolean;
  readonly print?: boolean;
}

/** What Chromium made of a page. */
export interface SeenPage {
  readonly name: string;
  /** Errors, violations of the page's policy, and what it wrote to the console. */
  readonly told: readonly string[];
  /** Addresses that it asked for besides the page itself. */
  readonly requests: readonly string[];
  readonly title: string;
  readonly width: number;
  readonly scrollWidth: number;
  readonly figures: number;
  /** Lines that are there to be seen, by chart. */
  readonly drawn: readonly number[];
  /** Cards that reach over the edge. */
  readonly overlapping: number;
  readonly colors: readonly string[];
  readonly back: string;
  readonly ink: string;
  readonly scripts: number;
  readonly images: number;
  /** Whether each link within the page leads somewhere. */
  readonly links: readonly boolean[];
  /** Charts without a text of their own. */
  readonly unnamed: number;
  /** PNG, base64. */
  readonly screenshot: string;
}

/** Opens a page in a container that has no network. */
export async function browse(
  docker: Docker,
  name: string,
  page: string,
  views: readonly View[],
): Promise<SeenPage[]> {
  await buildBrowserImage(docker);
  const container = await docker.createContainer({
    name,
    Image: browserImage,
    Cmd: ["sleep", "600"],
    HostConfig: { NetworkMode: "none", Init: true, CapDrop: ["ALL"], AutoRemove: true },
  });
  await container.start();
  try {
    const program = await readFile(join(projectRoot(), "test/support/browse.cjs"), "utf8");
    const input = JSON.stringify({ page, views });
    const ended = await execIn(docker, name, ["node", "-e", program], { input, timeoutMs: 120_000 });
    if (ended.exitCode !== 0) throw new Error(`the browser ended with ${ended.exitCode}: ${ended.stderr}`);
    return JSON.parse(ended.stdout) as SeenPage[];
  } finally {
    await container.remove({ force: true });
  }
}
