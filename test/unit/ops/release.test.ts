import { expect, test } from "vitest";
import { colorsFor } from "../../../infra/ops/colors";
import type { CommandContext } from "../../../infra/ops/command";
import { releaseCommand, type ReleaseData } from "../../../infra/ops/commands/release";
import { leftOnHost } from "../../../infra/ops/release/on-host";
import { emptyState } from "../../../infra/ops/release/state";

const data: ReleaseData = {
  action: "released",
  resources: [
    { type: "postgresql:index/role:Role", name: "shop_app" },
    { type: "postgresql:index/role:Role", name: "shop_owner" },
    { type: "postgresql:index/database:Database", name: "shop" },
    { type: "pgstead:index:Credential", name: "shop_app" },
  ],
  passwords: ["shop_app"],
  marks: ["server", "database shop", "role shop_app", "role shop_owner"],
  left: [
    {
      database: "postgres",
      what: "table pgstead.owner",
      statement: null,
      why: "it has rows of pgstead/billing",
    },
    {
      database: "shop",
      what: "schema pgstead: migrations",
      statement: 'DROP SCHEMA "pgstead" CASCADE',
      why: "pgstead's own tables; another stack that adopts the database goes on with them",
    },
  ],
  onHost: { files: [], jobs: false },
  stateFile: "/checkout/state.shop.20260401T120000Z.json",
  next: ["npm run pulumi -- stack rm shop"],
};

const render = (change: Partial<ReleaseData> = {}): string => {
  const report = { command: "release", stack: "shop", data: { ...data, ...change }, findings: [] };
  return releaseCommand.render(report, {}, colorsFor({}, {})).output;
};

test("what left, what was given up and what stays is told, with how to remove it", () => {
  const text = render();
  expect(text).toContain("stack shop: 4 resources left the state");
  expect(text).toMatch(/2\s+postgresql:index\/role:Role\s+shop_app, shop_owner/);
  expect(text).toContain("Passwords that are in the state alone: shop_app.");
  expect(text).toContain("Given up in pgstead.owner: server, database shop, role shop_app, role shop_owner.");
  expect(text).toContain(
    `Stays in shop: schema pgstead: migrations (pgstead's own tables; another stack that adopts the database goes on with them); to remove it: DROP SCHEMA "pgstead" CASCADE`,
  );
  expect(text).toContain("npm run pulumi -- stack rm shop");
});

test("what goes on without the stack on its host is told", () => {
  const urn = (type: string): string => `urn:pulumi:shop::pgstead::${type}::jobs`;
  const [files, jobs] = ["pgstead:index:HostFiles", "pgstead:index:HostJobs"];
  const crontab = "/etc/cron.d/pgstead-shop-prod";
  const onHost = leftOnHost([
    {
      urn: urn(files),
      type: files,
      outputs: { hashes: { [crontab]: "…", "/etc/pgstead/key": { secret: "…" } } },
    },
    { urn: urn(jobs), type: jobs },
  ]);
  expect(onHost).toEqual({ files: [crontab, "/etc/pgstead/key"], jobs: true });
  const text = render({ onHost });
  expect(text).toContain(`Stays on the host: ${crontab}`);
  expect(text).toContain("Its jobs go on running there. To end them: set pgstead:server.onHost.jobs to none");
  expect(render()).not.toContain("host");
});

test.each(["embedded", "docker"])(
  "of target %s nothing is released: its server goes with the stack",
  async (target) => {
    const context = { stack: "shop", config: { target, server: {} } } as unknown as CommandContext;
    await expect(releaseCommand.run(context, { yes: true })).rejects.toThrow(
      new RegExp(`its target is ${target}: the server is the stack's own[^]*destroy it`),
    );
  },
);

test("a server that was not asked is said, and so is a state with nothing in it", () => {
  expect(render({ marks: null, left: null })).toContain("The server was not asked");
  expect(render({ resources: [] })).toBe("stack shop: its state is empty, there is nothing to release\n");
});

test("the state loses resources and unfinished operations, and keeps who encrypts it", () => {
  const secrets = { type: "passphrase", state: { salt: "v1:x" } };
  const text = JSON.stringify({
    version: 3,
    deployment: {
      secrets_providers: secrets,
      resources: [{ urn: "a" }],
      pending_operations: [{ type: "creating" }],
    },
  });
  expect(JSON.parse(emptyState(text))).toEqual({
    version: 3,
    deployment: { secrets_providers: secrets, resources: [] },
  });
});
