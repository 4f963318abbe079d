import { chmod, chown, lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { existsSync, watch } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { markerLines } from "../../components/core/host/marker";
import { secret, type PropertyMap } from "../../components/providers/properties";
import { startOwnProvider } from "../support/own-provider";
import { InitFailure, type ProviderClient } from "../support/provider-client";
import { ProviderStack, type Declared } from "../support/provider-stack";
import { canMount, mountSmallDisk } from "../support/small-disk";
import { startSshServer, type SshServer } from "../support/ssh-server";

/** The stack of the urns of tests. */
const marker = markerLines("test/test");
const password = "hunter2-of-the-exporter";

let sshd: SshServer;
let provider: ProviderClient;
let stack: ProviderStack;
let root: string;
let count = 0;

beforeAll(async () => {
  [sshd, provider] = await Promise.all([startSshServer(), startOwnProvider()]);
});

afterAll(async () => {
  await Promise.all([sshd.stop(), provider.stop()]);
  await rm(sshd.directory, { recursive: true, force: true });
});

beforeEach(async () => {
  stack = new ProviderStack(provider);
  root = join(sshd.directory, `host${(count += 1)}`);
  await mkdir(root);
});

const at = (name: string): string => join(root, name);

function host(): PropertyMap {
  const hop = { host: "127.0.0.1", port: sshd.port, user: sshd.user };
  return {
    ssh: { ...hop, keyFile: join(sshd.directory, "key"), hostKey: sshd.publicKey("host") },
    become: "none",
  };
}

function declare(files: PropertyMap, directories: PropertyMap = {}): Declared {
  return { name: "files", token: "pgstead:index:HostFiles", inputs: { host: host(), files, directories } };
}

function file(content: string, changes: PropertyMap = {}): PropertyMap {
  return { content: secret(content), mode: "0644", owner: "root", ...changes };
}

const unit = `${marker}[Unit]\nDescription=one\n`;

/** A directory of ours, with a unit and a password in it. */
function usual(changes: PropertyMap = {}): Declared {
  const own = at("pgstead");
  return declare(
    {
      [at("a.service")]: file(unit),
      [join(own, "password")]: file(password, { mode: "0600", owner: "nobody", secret: true }),
      ...changes,
    },
    { [own]: { mode: "0750", owner: "root:nogroup" } },
  );
}

const revision = (): unknown => stack.entry("HostFiles/files").state.revision;

/** What was said since the last time. */
let told = 0;
function news(): string {
  const lines = provider.messages.slice(told).map(({ message }) => message);
  told = provider.messages.length;
  return lines.join("\n");
}

async function modeOf(path: string): Promise<string> {
  const { mode, uid, gid } = await lstat(path);
  return `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
}

/** When something of that name has appeared. */
function watchFor(directory: string, prefix: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(directory, (_event, name) => {
      if (name?.startsWith(prefix) !== true) return;
      watcher.close();
      resolve();
    });
  });
}

describe("files of a host", () => {
  test("are written with owner and mode, found as they are, mended, changed and removed", async () => {
    await writeFile(at("of-another"), "stays");
    const resource = provider.resource("pgstead:index:HostFiles", "files");
    const preview = await resource.create(usual().inputs, { preview: true });
    expect(news()).toContain(`write ${at("a.service")} on root@127.0.0.1:${sshd.port}`);
    expect(await readdir(root)).toEqual(["of-another"]);
    expect(preview.state.refusals).toEqual([]);

    await stack.up(usual());
    expect(await readFile(at("a.service"), "utf8")).toBe(unit);
    expect(await readFile(at("pgstead/password"), "utf8")).toBe(password);
    expect(await modeOf(at("a.service"))).toBe("644 0:0");
    expect(await modeOf(at("pgstead/password"))).toBe("600 65534:65534");
    expect(await modeOf(at("pgstead"))).toBe("750 0:65534");
    expect(await readdir(root)).toEqual(["a.service", "of-another", "pgstead"]);
    expect((await stack.diff(usual())).changed).toBe(false);
    const { hashes } = stack.entry("HostFiles/files").state;
    expect(Object.values(hashes as PropertyMap).map((hash) => typeof hash)).toEqual(["string", "object"]);

    // By hand: a line, an owner, a mode, a secret.
    const first = revision();
    await writeFile(at("a.service"), unit.replace("one", "two"));
    await writeFile(at("pgstead/password"), "another");
    news();
    const found = await stack.diff(usual());
    expect(found.diffs).toEqual(["live"]);
    const shown = news();
    expect(shown).toContain("- Description=two\n    + Description=one");
    expect(shown).toContain("its content changed; it is a secret");
    const { id, inputs, state } = stack.entry("HostFiles/files");
    const predicted = await resource.update({ id, oldInputs: inputs, inputs, state }, { preview: true });
    expect(predicted.revision).not.toBe(first);
    await stack.up(usual());
    expect(revision()).toBe(predicted.revision);
    expect(await readFile(at("a.service"), "utf8")).toBe(unit);
    await chmod(at("a.service"), 0o666);
    await chown(at("pgstead/password"), 0, 0);
    expect((await stack.diff(usual())).diffs).toEqual(["live"]);
    expect(news()).toContain("set owner nobody:nogroup and mode 0600 of");
    await stack.up(usual());
    expect(await modeOf(at("pgstead/password"))).toBe("600 65534:65534");
    expect(await stack.up(usual())).toEqual([]);

    // Another declaration: one goes, one comes.
    const changed = declare({ [at("b.service")]: file(unit) });
    expect((await stack.up(changed)).map(({ diff }) => diff)).toEqual([["directories", "files"]]);
    expect(await readdir(root)).toEqual(["b.service", "of-another"]);
    await stack.destroy();
    expect(await readdir(root)).toEqual(["of-another"]);
    expect(provider.messages.some(({ message }) => message.includes(password))).toBe(false);
    expect(sshd.log()).not.toContain(password);
  });

  test("are refused, all at once and with nothing written, where something else is in their way", async () => {
    await writeFile(at("foreign"), "somebody's");
    await writeFile(at("other"), markerLines("shop/prod"));
    await writeFile(at("own"), marker);
    await symlink("/nonexistent", at("link"));
    await mkdir(at("directory"));
    await mkdir(at("theirs"));
    const names = ["foreign", "other", "own", "link", "directory", "missing/file"];
    const declared = declare(
      {
        ...Object.fromEntries(names.map((name) => [at(name), file(unit)])),
        [at("owned")]: file(unit, { owner: "nobody-here:no-group" }),
      },
      { [at("theirs")]: { mode: "0700", owner: "root" } },
    );
    const { state } = await provider
      .resource("pgstead:index:HostFiles", "files")
      .create(declared.inputs, { preview: true });
    const refused = (state.refusals as unknown as { subject: string; message: string }[]).map(
      ({ subject, message }) =>
        `${subject.replaceAll(`${root}/`, "")}: ${message}`.replaceAll(/ on root@\S+:\d+/g, ""),
    );
    expect(refused).toEqual([
      `account nobody-here: it is not there, and ${at("owned")} is to be its own`,
      `group no-group: it is not there, and ${at("owned")} is to be its own`,
      "directory theirs: it is there already, and it has root:root and 0755, not root:root and 0700",
      "file directory: what is there is a directory",
      "file foreign: a file is there already that pgstead has not written",
      "file link: what is there is a link",
      `missing/file: there is no directory ${at("missing")}`,
      "file other: it is of another stack, shop/prod",
    ]);
    await expect(stack.up(declared)).rejects.toThrow("refused before any statement was sent (8 refusals)");
    expect(await readFile(at("foreign"), "utf8")).toBe("somebody's");
    expect(await readFile(at("own"), "utf8")).toBe(marker);
    expect(existsSync(at("owned"))).toBe(false);
  });

  test("of a run that was cut off are nothing half, and the next one ends it", async () => {
    await stack.up(usual());
    const long = `${marker}${"x".repeat(3_500_000)}`;
    const changed = usual({ [at("a.service")]: file(long) });
    const draft = watchFor(root, ".pgstead-draft-");
    const running = stack.up(changed);
    const cut = draft.then(() => sshd.cutConnections());
    await expect(running).rejects.toThrow(InitFailure);
    expect(await cut).toBeGreaterThan(0);
    expect([unit, long]).toContain(await readFile(at("a.service"), "utf8"));
    // As a host that went down in the middle leaves it.
    const { id, inputs, state } = stack.entry("HostFiles/files");
    const { createHash } = await import("node:crypto");
    const { urn } = provider.resource("pgstead:index:HostFiles", "files");
    const key = createHash("sha256").update(urn).digest("hex").slice(0, 12);
    await mkdir(at(`.pgstead-draft-${key}-0`));
    await writeFile(at(`.pgstead-draft-${key}-0/f0`), password);
    await mkdir(at(".pgstead-draft-of-another"));
    const resource = provider.resource("pgstead:index:HostFiles", "files");
    const next = await resource.update({ id, oldInputs: inputs, inputs: changed.inputs, state });
    expect(await readFile(at("a.service"), "utf8")).toBe(long);
    expect(await drafts()).toEqual([".pgstead-draft-of-another"]);
    expect(next.revision).not.toBe(state.revision);
  });

  const drafts = async (): Promise<string[]> =>
    (await readdir(root)).filter((name) => name.startsWith(".pgstead-draft-"));

  test.runIf(canMount)("stay as they were where there is no room, or nothing can be written", async () => {
    const disk = await mountSmallDisk(at("disk"), "64k");
    try {
      const declared = (text: string): Declared => declare({ [at("disk/a")]: file(`${marker}${text}`) });
      await stack.up(declared("old"));
      await expect(stack.up(declared("x".repeat(100_000)))).rejects.toThrow(
        /there is no room for them; those that were there stay as they were/,
      );
      expect(await readFile(at("disk/a"), "utf8")).toBe(`${marker}old`);
      expect(await readdir(at("disk"))).toEqual(["a"]);
      const { execFileSync } = await import("node:child_process");
      execFileSync("mount", ["-o", "remount,ro", at("disk")]);
      await expect(stack.up(declared("new"))).rejects.toThrow(/the file system there is read-only/);
      expect(await readFile(at("disk/a"), "utf8")).toBe(`${marker}old`);
      execFileSync("mount", ["-o", "remount,rw", at("disk")]);
      await stack.up(declared("new"));
      expect(await readFile(at("disk/a"), "utf8")).toBe(`${marker}new`);
    } finally {
      await disk.remove();
    }
  });

  test("of a host that is down are compared with the state, and destroyed when it is back", async () => {
    await stack.up(usual());
    await writeFile(at("pgstead/of-another"), "stays");
    sshd.cutConnections();
    await sshd.kill();
    try {
      news();
      expect((await stack.diff(usual())).changed).toBe(false);
      expect(news()).toMatch(
        /compared with the state only: .*(?:nobody listens there|the connection was lost)/s,
      );
      const changed = usual({ [at("a.service")]: file(unit.replace("one", "two")) });
      expect((await stack.diff(changed)).diffs).toEqual(["files"]);
      expect(news()).toContain("+ Description=two");
      await expect(stack.destroy()).rejects.toThrow(/nobody listens there/);
    } finally {
      await sshd.start();
    }
    await stack.destroy();
    expect(await readdir(root)).toEqual(["pgstead"]);
    expect(await readdir(at("pgstead"))).toEqual(["of-another"]);
    expect(news()).toContain("not removed, as files are in it");
  });

  test("with a mistake in the declaration are told by path, and secrets not repeated", async () => {
    const resource = provider.resource("pgstead:index:HostFiles", "files");
    const inputs = declare({
      "relative/path": file("", { mode: "0666" }),
      [`${root}/../up`]: file("", { owner: "no one" }),
      [at("secret")]: file(password, { secret: true, extra: "1" }),
    }).inputs;
    const { failures } = await resource.check({ ...inputs, host: { become: "maybe" }, more: 1 });
    expect(failures.map(({ reason }) => reason.replace(/;.*/, "").replaceAll(root, ""))).toEqual([
      "not an argument of this resource",
      "expected a host, a port and a user",
      "expected sudo or none",
      expect.stringContaining('/../up: "/../up" has an empty step, `.` or `..`'),
      'files./../up.owner: "no one" is no owner of a file',
      "files./secret.extra: not known here",
      "files./secret.mode: 0644 lets everybody read a secret",
      'files.relative/path: "relative/path" is no absolute path',
      "files.relative/path.mode: 0666 lets others than the owner write",
    ]);
    expect(JSON.stringify(failures)).not.toContain(password);
  });
});
