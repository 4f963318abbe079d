import { expect, test } from "vitest";
import { version } from "../../../package.json";
import { pgsteadVersion } from "../../../components/core/version";

test("the version is that of package.json", () => {
  expect(pgsteadVersion).toBe(version);
});
