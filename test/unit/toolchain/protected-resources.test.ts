import { describe, expect, test } from "vitest";
import { parseCommand } from "../../../infra/toolchain/arguments";
import { assertNothingProtected } from "../../../infra/toolchain/docker/protected-resources";

const state = {
  resources: [
    { urn: "urn:pulumi:prod::pgstead::pg:index:X$docker:index/volume:Volume::data", type: "", protect: true },
    { urn: "urn:pulumi:prod::pgstead::docker:index/network:Network::server", type: "" },
  ],
};
const given = (...args: string[]) => ({ command: parseCommand(args), args });

describe("a stack with protected resources", () => {
  test("is not destroyed, whatever is skipped, and what is protected is named", () => {
    expect(() => {
      assertNothingProtected(state, given("destroy", "--yes", "--skip-preview"));
    }).toThrow(/protected are Volume data; nothing was touched[\s\S]*pgstead:protect/);
  });

  test("names them in an order of their own, whatever was made first", () => {
    const volume = (name: string) => ({
      urn: `urn:pulumi:prod::p::docker:index/volume:Volume::${name}`,
      type: "",
    });
    const resources = ["logs", "data"].map((name) => ({ ...volume(name), protect: true }));
    expect(() => {
      assertNothingProtected({ resources }, given("destroy"));
    }).toThrow("Volume data, Volume logs; nothing");
  });

  test("may be brought up, and may lose what Pulumi itself looks at", () => {
    for (const args of [["up"], ["destroy", "--exclude-protected"], ["destroy", "--target", "x"]]) {
      assertNothingProtected(state, given(...args));
    }
    assertNothingProtected({ resources: [] }, given("destroy"));
    assertNothingProtected(undefined, given("destroy"));
  });
});
