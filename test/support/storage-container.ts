import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testImages } from "./docker-images";
import type { DockerStackUnderTest } from "./docker-stack";
import { makeAuthority } from "./certificates";
import { findObjectStorage } from "./object-storage";

/** A server that speaks S3 with TLS, in a container of its own in a stack's network, over a directory. */
export interface StorageContainer {
  /** As the stack's containers reach it. */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** File of the authority that signed its certificate, and one of another authority. */
  readonly ca: string;
  readonly otherCa: string;
  /** Where it has its buckets: a directory each, of files. */
  readonly directory: string;
  stop(): Promise<void>;
  start(): Promise<void>;
  remove(): Promise<void>;
}

/** After the first `up`, which makes the network. */
export async function startStorageContainer({
  docker,
  name,
}: DockerStackUnderTest): Promise<StorageContainer> {
  const home = await mkdtemp(join(tmpdir(), "pgstead-storage-"));
  const directory = join(home, "buckets");
  await mkdir(directory);
  await copyFile(findObjectStorage(), join(home, "versitygw"));
  const authority = await makeAuthority(home);
  const other = await makeAuthority(home);
  const { crt, key } = authority.issue(["storage"]);
  await writeFile(join(home, "server.crt"), crt);
  await writeFile(join(home, "server.key"), key);
  const [accessKeyId, secretAccessKey] = ["test-access", "very-secret-of-a-test"];
  const container = await docker.createContainer({
    name: `${name}-storage`,
    Image: testImages.postgres,
    User: "0:0",
    Entrypoint: ["/storage/versitygw", "--quiet", "--port", ":9000"],
    Cmd: ["--cert", "/storage/server.crt", "--key", "/storage/server.key", "posix", "/storage/buckets"],
    Env: [`ROOT_ACCESS_KEY=${accessKeyId}`, `ROOT_SECRET_KEY=${secretAccessKey}`],
    HostConfig: { Binds: [`${home}:/storage`], NetworkMode: name },
    NetworkingConfig: { EndpointsConfig: { [name]: { Aliases: ["storage"] } } },
  });
  await container.start();
  return {
    endpoint: "https://storage:9000",
    accessKeyId,
    secretAccessKey,
    ca: authority.file,
    otherCa: other.file,
    directory,
    stop: () => container.stop({ t: 1 }).then(() => undefined),
    start: () => container.start().then(() => undefined),
    async remove() {
      await container.remove({ force: true });
      await rm(home, { recursive: true, force: true });
    },
  };
}
