import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dataHome } from "../../../components/io/places";

const user = 1000;
const atHome = (home: string) => join(home, ".local", "share", "pgstead");

describe("where embedded servers are kept", () => {
  test.each([
    ["what PGSTEAD_DATA says", { PGSTEAD_DATA: "/data", HOME: "/homes/ann" }, user, "/data"],
    ["for root a place that the server's account can pass to", { HOME: "/homes/0" }, 0, "/var/lib/pgstead"],
    ["the user's own data", { XDG_DATA_HOME: "/share", HOME: "/homes/ann" }, user, "/share/pgstead"],
    ["below the home directory", { HOME: "/homes/ann" }, user, atHome("/homes/ann")],
    [
      "as if not set where it is empty",
      { PGSTEAD_DATA: "", XDG_DATA_HOME: "", HOME: "" },
      user,
      atHome(homedir()),
    ],
    [
      "a relative XDG_DATA_HOME is ignored",
      { XDG_DATA_HOME: "share", HOME: "/homes/ann" },
      user,
      atHome("/homes/ann"),
    ],
  ])("%s", (_, env, uid, expected) => {
    expect(dataHome(env, uid)).toBe(expected);
  });

  test("a relative PGSTEAD_DATA is refused: it would be another place for every process", () => {
    for (const uid of [0, user]) {
      expect(() => dataHome({ PGSTEAD_DATA: "my/data" }, uid)).toThrow(
        /PGSTEAD_DATA:\n.*my\/data is not an absolute path\n.*hint: set PGSTEAD_DATA/,
      );
    }
  });
});
