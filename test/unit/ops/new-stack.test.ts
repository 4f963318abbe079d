import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { passphraseFile, projectRoot } from "../../../components/io/places";
import { parseConfig, type StackConfig } from "../../../infra/config";
import { newStack, renderNewStack, type NewStackArgs } from "../../../infra/ops/commands/new-stack";
import { findClashes } from "../../../infra/ops/new-stack/clashes";
import { assertNewName, chooseSource } from "../../../infra/ops/new-stack/names";
import { copyStack } from "../../../infra/ops/new-stack/stack-copy";
import { colorsFor } from "../../../infra/ops/colors";

const copy = (text: string, replaced?: string) =>
  copyStack(text, { from: "prod", to: "staging", ...(replaced === undefined ? {} : { replaced }) });
const written = (text: string, replaced?: string) => parse(copy(text, replaced).text) as unknown;

describe("a stack's file for another stack", () => {
  test("has the committed file's comments, order and layout; a command in a comment is one for the new stack", async () => {
    const prod = await readFile(join(projectRoot(), "Pulumi.prod.yaml"), "utf8");
    expect(copy(prod).text).toBe(prod.replace("up -s prod", "up -s staging"));
  });

  test("has nothing of the old stack's encryption, and the comment above it stays", () => {
    const text =
      "# ours\nencryptionsalt: v1:x\nsecretsprovider: awskms://key\nencryptedkey: abc\n# settings\nconfig:\n  a:b:   1 # one\n";
    expect(copy(text).text).toBe("# ours\n# settings\nconfig:\n  a:b:   1 # one\n");
    expect(copy(text).secretsProvider).toBe("awskms://key");
  });

  test("has no secret, wherever it stands, and what is beside it stays", () => {
    const text = `config:
  pgstead:administratorPassword:
    secure: v1:a
  # kept
  aws:deep: { plain: 1, inner: { token: { secure: v1:b }, "a.b": { secure: v1:c } } }
  aws:list: [x, { y: { secure: v1:d } }]
  aws:not: { secure: v1:e, other: 1 }
`;
    const { text: left, leftOut, lists } = copy(text);
    expect(left).not.toMatch(/v1:[abcd]/);
    expect(left).toContain("# kept");
    expect(parse(left)).toEqual({
      config: { "aws:deep": { plain: 1, inner: {} }, "aws:not": { secure: "v1:e", other: 1 } },
    });
    expect(leftOut).toEqual([
      ["pgstead:administratorPassword"],
      ["aws:deep", "inner", "token"],
      ["aws:deep", "inner", "a.b"],
      ["aws:list", 1, "y"],
    ]);
    expect(lists).toEqual(["aws:list"]);
  });

  test("is refused where it cannot be had without a secret, or where one is outside of config", () => {
    expect(written("config:\n  a:b: &s { secure: v1:x }\n  a:c: 1\n  a:d: *s\n")).toEqual({
      config: { "a:c": 1 },
    });
    expect(written("config:\n  a:b: &m { x: 1, t: { secure: v1:x } }\n  a:c: *m\n")).toEqual({
      config: { "a:b": { x: 1 }, "a:c": { x: 1 } },
    });
    expect(() => copy("config:\n  a:b: [&s 1, { secure: v1:x }]\n  a:c: *s\n")).toThrow(
      /write out the values/,
    );
    expect(() => copy("config: { a:b: 1 }\nother: { secure: v1:x }\n")).toThrow(/where none is looked for/);
    expect(() => copy("config: [")).toThrow(/Pulumi\.prod\.yaml:\n.*is not a map in YAML/);
  });

  test.each([
    ["shop-prod", "shop-staging"],
    ["'prod' # ours", "'staging' # ours"],
    ["prod-eu", "staging-eu"],
    ["product", "product"],
    ["shop", "shop"],
  ])("with containers that are called %s has %s", (from, to) => {
    const text = (name: string) =>
      `config:\n  pgstead:docker: { publish: [127.0.0.1] }\n`.replace("{", `{ name: ${name},`);
    const block = (name: string) =>
      `config:\n  pgstead:docker:\n    name: ${name}\n    publish: [127.0.0.1]\n`;
    expect(copy(block(from)).text).toBe(block(to));
    if (!from.includes("#")) expect(copy(text(from)).text).toBe(text(to));
    expect(copy(block(from)).renamed === undefined).toBe(from === to);
  });

  test("that replaces another one keeps that one's encryption and secrets", () => {
    const prod = "encryptionsalt: v1:old\nconfig:\n  a:key: { secure: v1:p }\n  a:plain: 1\n  a:list: []\n";
    const staging =
      "encryptionsalt: v1:own\nconfig:\n  a:key: { secure: v1:s }\n  a:plain: { deep: { secure: v1:t } }\n  a:gone: 2\n  b:mine: { secure: v1:u }\n";
    expect(written(prod, staging)).toEqual({
      encryptionsalt: "v1:own",
      config: {
        "a:plain": 1,
        "a:list": [],
        "a:key": { secure: "v1:s" },
        "b:mine": { secure: "v1:u" },
      },
    });
    const { leftOut, kept, isEncrypted } = copy(prod, staging);
    expect({ leftOut, kept, isEncrypted }).toEqual({
      leftOut: [],
      kept: [["a:key"], ["b:mine"]],
      isEncrypted: true,
    });
    expect(() => copy(prod, "config: [")).toThrow(/Pulumi\.staging\.yaml:\n.*is not a map in YAML/);
  });
});

describe("what there is only once", () => {
  const docker = (stack: string, change: Readonly<Record<string, unknown>> = {}): StackConfig =>
    parseConfig(
      {
        "pgstead:target": "docker",
        "pgstead:server": { memory: "4GB", cpus: 2 },
        "pgstead:monitoring": { prometheusPort: 9090 },
        "pgstead:database": { name: "shop" },
        "pgstead:roles": { monitor: { login: true, profile: "monitor" } },
        ...change,
      },
      { stack },
    );
  const other = (stack: string, target: string, server: Readonly<Record<string, unknown>>): StackConfig =>
    parseConfig(
      { "pgstead:target": target, "pgstead:server": server, "pgstead:database": { name: "shop" } },
      { stack },
    );
  const told = (config: StackConfig, ...others: readonly StackConfig[]) =>
    findClashes(config, others).map(({ subject, message, hint }) => `${subject}: ${message}: ${hint}`);

  test("on a Docker host is told with a value that is free", () => {
    const [first, second, ...none] = told(docker("staging"), docker("prod"), docker("test"));
    expect(first).toMatch(
      /^pgstead:server\.port: port 5432 is published by stack prod and stack test as well: .*5433/,
    );
    expect(second).toMatch(/^pgstead:monitoring\.prometheusPort: port 9090 .*9091/);
    expect(none).toEqual([]);
    const named = { "pgstead:docker": { name: "shop", subnet: "172.31.90.0/24" } };
    expect(told(docker("staging", named), docker("prod", named)).join("\n")).toMatch(
      /pgstead:docker\.name: shop begins[^]*pgstead-staging[^]*pgstead:docker\.subnet: 172\.31\.90\.0\/24/,
    );
  });

  test("is told where it meets the same address only, and not of another host or target", () => {
    const at = (...publish: string[]) => ({
      "pgstead:monitoring": {},
      "pgstead:docker": { publish, address: "db.example.com" },
    });
    expect(told(docker("staging", at("10.0.0.5")), docker("prod", at("127.0.0.1")))).toEqual([]);
    expect(told(docker("staging", at("0.0.0.0")), docker("prod", at("127.0.0.1")))).toHaveLength(1);
    const away = { "pgstead:docker": { host: "ssh://deploy@db2.example.com", address: "db2.example.com" } };
    expect(told(docker("staging", away), docker("prod"))).toEqual([]);
    expect(told(docker("staging"), other("local", "embedded", { port: 5432 }))).toEqual([]);
  });

  test("of an embedded and of an existing server is told", () => {
    const server = { dataDirectory: "/srv/shop" };
    expect(told(other("ci", "embedded", server), other("dev", "embedded", server)).join("\n")).toMatch(
      /server\.port: 54320[^]*54321[^]*server\.dataDirectory: \/srv\/shop/,
    );
    const existing = { host: "db.example.com" };
    expect(told(other("staging", "existing", existing), other("prod", "existing", existing))).toEqual([
      expect.stringMatching(
        /server\.host: db\.example\.com:5432 is the server of stack prod as well/,
      ) as string,
    ]);
  });
});

describe("names", () => {
  test.each([
    ["dev", /embedded stack of this checkout[^]*such as staging/],
    ["acme/staging", /write staging alone/],
    ["..", /at most 100 letters/],
    ["a b", /at most 100 letters/],
    ["-x", /at most 100 letters/],
    ["", /at most 100 letters/],
    ["x".repeat(101), /at most 100 letters/],
  ])("%j is refused for a new stack", (name, message) => {
    expect(() => {
      assertNewName(name);
    }).toThrow(message);
  });

  test("the stack to take is the only one besides dev, or has to be named", () => {
    expect(chooseSource(undefined, "staging", ["dev", "prod"])).toBe("prod");
    expect(chooseSource(undefined, "staging", ["dev", "prod", "staging"])).toBe("prod");
    expect(chooseSource("dev", "ci", ["dev", "prod"])).toBe("dev");
    expect(() => chooseSource(undefined, "x", ["eu", "us"])).toThrow(/several[^]*eu, us[^]*--from eu/);
    expect(() => chooseSource(undefined, "x", ["dev"])).toThrow(/but for that of dev[^]*--from dev/);
    expect(() => chooseSource("prdo", "x", ["prod"])).toThrow(/did you mean --from prod\?/);
    expect(() => chooseSource("zzzzzz", "x", ["prod"])).toThrow(/the stacks here: prod/);
    expect(() => chooseSource("x", "x", ["prod", "x"])).toThrow(/the new stack itself/);
  });
});

describe("the command", () => {
  let root: string;
  let home: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "pgstead-new-stack-"));
    home = await mkdtemp(join(tmpdir(), "pgstead-home-"));
    const prod = await readFile(join(projectRoot(), "Pulumi.prod.yaml"), "utf8");
    const secret = "  pgstead:caKey:\n    secure: v1:x\n";
    await writeFile(join(root, "Pulumi.prod.yaml"), `encryptionsalt: v1:y\n${prod}${secret}`);
  });
  afterEach(() => Promise.all([root, home].map((place) => rm(place, { recursive: true, force: true }))));

  const make = (name: string, args: Partial<NewStackArgs> = {}, env: NodeJS.ProcessEnv = {}, stack = "dev") =>
    newStack(
      { project: "pgstead", stack },
      { operands: [name], ...args },
      { root, env: { HOME: home, ...env } },
    );

  test("writes a file that the program takes, and a passphrase that nobody else reads", async () => {
    const { data, stack, findings } = await make("staging");
    expect({ stack, findings, from: data.from }).toEqual({ stack: "staging", findings: [], from: "prod" });
    const { config } = parse(await readFile(data.stackFile, "utf8")) as { config: Record<string, unknown> };
    expect(parseConfig(config, { stack: "staging" }).docker?.name).toBe("pgstead-staging");
    const { file, state } = data.passphrase;
    expect([state, file]).toEqual(["made", join(home, ".config/pgstead/passphrases/pgstead/staging")]);
    const passphrase = (await readFile(file, "utf8")).trimEnd();
    expect(passphrase).toMatch(/^[\w-]{32}$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(file, ".."))).mode & 0o777).toBe(0o700);
    expect(JSON.stringify(data)).not.toContain(passphrase);
    expect(data.leftOut).toEqual([
      {
        path: "pgstead:caKey",
        command: "npm run pulumi -- config set --secret pgstead:caKey --stack staging",
      },
    ]);
    expect(data.next).toEqual([
      "npm run pulumi -- stack init staging",
      "npm run pulumi -- config set --secret pgstead:caKey --stack staging",
      "npm run pulumi -- preview -s staging",
    ]);
    expect((await readdir(root)).toSorted()).toEqual(["Pulumi.prod.yaml", "Pulumi.staging.yaml"]);
    expect(await readdir(join(file, ".."))).toEqual(["staging"]);
  });

  test("keeps a passphrase that is there, and a file that is there unless it is forced", async () => {
    const { data } = await make("staging", {}, { XDG_CONFIG_HOME: join(home, "xdg") });
    const { file } = data.passphrase;
    expect(file).toBe(join(home, "xdg/pgstead/passphrases/pgstead/staging"));
    const before = await readFile(file, "utf8");
    await expect(make("staging")).rejects.toThrow(/Pulumi\.staging\.yaml:\n.*is there already[^]*--force/);
    const again = await make("staging", { force: true }, { XDG_CONFIG_HOME: join(home, "xdg") });
    expect(again.data.passphrase.state).toBe("kept");
    expect(await readFile(file, "utf8")).toBe(before);
  });

  test("makes no passphrase for a stack that has its own encryption", async () => {
    await writeFile(join(root, "Pulumi.staging.yaml"), "encryptionsalt: v1:own\nconfig: {}\n");
    const { data } = await make("staging", { force: true });
    expect(data.passphrase.state).toBe("other");
    expect(await readdir(home)).toEqual([]);
    expect(await readFile(data.stackFile, "utf8")).toContain("encryptionsalt: v1:own");
  });

  test("writes nothing that the program or Docker would refuse, and no passphrase into the checkout", async () => {
    await expect(make("Staging")).rejects.toThrow(/would be called pgstead-Staging-…[^]*small letters/);
    await expect(make("staging", {}, { XDG_CONFIG_HOME: join(root, "x") })).rejects.toThrow(
      /in the checkout/,
    );
    await writeFile(join(root, "Pulumi.prod.yaml"), "config:\n  pgstead:database: { nam: shop }\n");
    await expect(make("staging")).rejects.toThrow(/configuration of stack prod is not usable[^]*nam/);
    expect([await readdir(root), await readdir(home)]).toEqual([["Pulumi.prod.yaml"], []]);
  });

  test("takes the stack as its argument: --stack is refused", async () => {
    await expect(make("staging", {}, {}, "prod")).rejects.toThrow(/--stack:[^]*--from prod/);
  });

  test("that cannot write says so, and leaves nothing half", async () => {
    await writeFile(join(home, ".config"), "a file");
    await expect(make("staging")).rejects.toThrow(/cannot be made: [^]*hint: .*XDG_CONFIG_HOME/);
    await rm(join(home, ".config"));
    await mkdir(join(root, "Pulumi.staging.yaml"));
    await expect(make("staging", { force: true })).rejects.toThrow(/Pulumi\.staging\.yaml/);
    await chmod(root, 0o755);
    expect((await readdir(root)).toSorted()).toEqual(["Pulumi.prod.yaml", "Pulumi.staging.yaml"]);
  });

  test("tells what wins over the passphrase, and shows all of it to people", async () => {
    const report = await make("staging", {}, { PULUMI_CONFIG_PASSPHRASE: "" });
    const { output } = renderNewStack(report, { operands: [] }, colorsFor({}, {}));
    expect(output).toContain("wrote ");
    expect(output).toContain("PULUMI_CONFIG_PASSPHRASE: is set here, and wins");
    expect(output).toContain("pgstead:server.port: port 5432 is published by stack prod as well");
    expect(output).toMatch(/Next\n {2}npm run pulumi -- stack init staging +# /);
  });
});

test("a passphrase lies where XDG has it, without relative paths", () => {
  expect(passphraseFile("p", "s", { HOME: "/h" })).toBe("/h/.config/pgstead/passphrases/p/s");
  expect(passphraseFile("p", "s", { HOME: "/h", XDG_CONFIG_HOME: "c" })).toBe(
    "/h/.config/pgstead/passphrases/p/s",
  );
  expect(passphraseFile("p", "s", { HOME: "/h", XDG_CONFIG_HOME: "/c" })).toBe("/c/pgstead/passphrases/p/s");
});
