import { expect, test } from "vitest";
import { errorMessage } from "../../../components/core/error-message";

test("whatever was thrown has a message", () => {
  expect(errorMessage(new TypeError("no"))).toBe("no");
  expect(["text", 7, undefined].map(errorMessage)).toEqual(["text", "7", "undefined"]);
});
