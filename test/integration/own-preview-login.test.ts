import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scramVerifier } from "../../components/io/scram";
import { role, serverAccess, startOwnProvider, useOwnProvider } from "../support/own-provider";
import type { ProviderClient } from "../support/provider-client";
import { ProviderStack } from "../support/provider-stack";

const own = useOwnProvider();
const directory = mkdtempSync(join(tmpdir(), "pgstead-preview-"));
const passwordFile = join(directory, "password");
const password = "only-for-previews";
let previews: ProviderClient;

beforeAll(async () => {
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  await own.sql(`CREATE ROLE watcher LOGIN PASSWORD '${scramVerifier(password)}'`);
  await own.sql("GRANT pg_monitor TO watcher");
  previews = await startOwnProvider({
    PGSTEAD_PREVIEW_ROLE: "watcher",
    PGSTEAD_PREVIEW_PASSWORD_FILE: passwordFile,
  });
});

afterAll(async () => {
  await previews.stop();
  rmSync(directory, { recursive: true, force: true });
});

const declared = () => serverAccess(own.connection, { roles: [role("previewed", { connectionLimit: 3 })] });

test("a preview logs in as the role that cannot change anything, and shows the same statements", async () => {
  await own.stack.up(declared());
  await own.sql("ALTER ROLE previewed CONNECTION LIMIT 9");
  const stack = new ProviderStack(previews);
  stack.entries.set("Access/server", own.stack.entry("Access/server"));
  expect(await stack.diff(declared())).toMatchObject({ changed: true });
  const plans = previews.messages.map(({ message }) => message).join("\n");
  expect(plans).toContain('ALTER ROLE "previewed" CONNECTION LIMIT 3');
});

test("a run that would change something refuses that login by name, and changes nothing", async () => {
  const stack = new ProviderStack(previews);
  stack.entries.set("Access/server", own.stack.entry("Access/server"));
  await expect(stack.up(declared())).rejects.toThrow(
    /PGSTEAD_PREVIEW_ROLE[\s\S]*this run changes the server/,
  );
  expect(await own.sql("SELECT rolconnlimit FROM pg_roles WHERE rolname = 'previewed'")).toEqual([
    { rolconnlimit: 9 },
  ]);
});

test("one of the two variables without the other, and a file that is not there, are told", async () => {
  for (const [env, message] of [
    [{ PGSTEAD_PREVIEW_ROLE: "watcher" }, /one of .* is set, the other is not/],
    [
      { PGSTEAD_PREVIEW_ROLE: "watcher", PGSTEAD_PREVIEW_PASSWORD_FILE: join(directory, "none") },
      /it cannot be read/,
    ],
  ] as const) {
    const provider = await startOwnProvider(env);
    const stack = new ProviderStack(provider);
    stack.entries.set("Access/server", own.stack.entry("Access/server"));
    await expect(stack.diff(declared())).rejects.toThrow(message);
    await provider.stop();
  }
});
