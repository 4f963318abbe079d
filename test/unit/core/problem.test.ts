import { expect, test } from "vitest";
import { ProblemError, problemError } from "../../../components/core/problem";

test("an error names the place, what is wrong and what to do", () => {
  const cause = new Error("EACCES");
  const error = problemError("/srv/x", "it cannot be read", "mend its permissions.", { cause });
  expect(error.message).toBe("/srv/x:\n  it cannot be read\n    hint: mend its permissions.");
  expect(error.cause).toBe(cause);
});

test("all problems come together, each with its path and hint", () => {
  const error = new ProblemError("the configuration is not usable", [
    { path: "server.port", message: "70000 is over 65535", hint: "choose another one" },
    { path: "", message: "no database", hint: "declare one" },
  ]);
  expect(error.message.split("\n")).toEqual([
    "the configuration is not usable:",
    "  server.port: 70000 is over 65535",
    "    hint: choose another one",
    "  no database",
    "    hint: declare one",
  ]);
});
