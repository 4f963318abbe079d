import { describe, expect, test } from "vitest";
import { parseCommand } from "../../../infra/toolchain/arguments";
import { cacheHome, stateHome } from "../../../infra/toolchain/context";
import { exitCodeOf, renderFindings, type Finding } from "../../../infra/toolchain/doctor/doctor-report";
import { judgeGo, judgePulumi } from "../../../infra/toolchain/judge";
import { chooseLogin } from "../../../infra/toolchain/login";
import { checksumOf } from "../../../infra/toolchain/pulumi-cli";

describe("a Pulumi on PATH", () => {
  const judge = (version: string | undefined, hasLanguageHost = true) =>
    judgePulumi({ version, hasLanguageHost });

  test("is used from the minimum version on", () => {
    expect(judge("3.200.0")).toBeUndefined();
    expect(judge("3.999.0")).toBeUndefined();
  });

  test("is passed over when it is too old, and the reason says both versions", () => {
    expect(judge("3.199.9")).toBe("is version 3.199.9, older than 3.200.0");
  });

  test("is passed over when it is of another major version", () => {
    expect(judge("4.0.0")).toContain("written for 3.x");
  });

  test("is passed over when it does not say its version", () => {
    expect(judge(undefined)).toContain("does not answer `pulumi version`");
  });

  test("is passed over without a language host", () => {
    expect(judge("3.245.0", false)).toContain("pulumi-language-nodejs");
  });
});

describe("the Go that builds Pulumi", () => {
  test.each([
    ["go1.25.0\n", undefined],
    ["go1.26.8", undefined],
    ["go1.27rc1", undefined],
    ["go1.24.9", "Go 1.24.9 is older than 1.25.0"],
    ["devel +abc", "Go does not say its version (devel +abc)"],
    [undefined, "Go is not installed"],
  ])("%j: %s", (printed, refusal) => {
    expect(judgeGo(printed).refusal).toBe(refusal);
  });
});

describe("whose login and state a command uses", () => {
  const choose = (args: string[], env: NodeJS.ProcessEnv = {}, selected?: string) =>
    chooseLogin({ command: parseCommand(args), env, selected }).kind;

  test("without a word about it, it is stack dev's own", () => {
    expect(choose(["up"])).toBe("dev");
    expect(choose(["up", "--stack", "dev"], {}, "prod")).toBe("dev");
    expect(choose(["up"], { PULUMI_STACK: "" })).toBe("dev");
  });

  test("another stack is the user's affair, however it is named", () => {
    expect(choose(["up", "-s", "prod"])).toBe("user");
    expect(choose(["stack", "init", "prod"])).toBe("user");
    expect(choose(["up"], { PULUMI_STACK: "prod" })).toBe("user");
    expect(choose(["up"], {}, "acme/prod")).toBe("user");
  });

  test("an exported backend counts, even for a stack called dev", () => {
    expect(choose(["up", "-s", "dev"], { PULUMI_BACKEND_URL: "s3://state" })).toBe("user");
  });

  test("a login is the user's own", () => {
    expect(choose(["login", "file:///state"])).toBe("user");
    expect(choose(["logout"])).toBe("user");
  });
});

describe("directories", () => {
  const home = { HOME: "/anns" };

  test("programs go to the cache, the dev stack to the state", () => {
    expect(cacheHome(home, "linux")).toBe("/anns/.cache/pgstead");
    expect(cacheHome(home, "darwin")).toBe("/anns/Library/Caches/pgstead");
    expect(stateHome(home)).toBe("/anns/.local/state/pgstead");
  });

  test("the XDG directories count unless they are relative", () => {
    expect(cacheHome({ ...home, XDG_CACHE_HOME: "/c" }, "linux")).toBe("/c/pgstead");
    expect(stateHome({ ...home, XDG_STATE_HOME: "relative" })).toBe("/anns/.local/state/pgstead");
  });

  test("pgstead's own settings come first, and have to be absolute", () => {
    expect(cacheHome({ ...home, XDG_CACHE_HOME: "/c", PGSTEAD_CACHE: "/p" })).toBe("/p");
    expect(() => stateHome({ ...home, PGSTEAD_STATE: "here" })).toThrow("here is not an absolute path");
  });

  test("none is made among the kernel's own, wherever its name comes from", () => {
    const refusal = /is below \/(proc|sys|dev), which is the kernel's\n.*hint: set PGSTEAD_(CACHE|STATE) to/;
    expect(() => cacheHome({ ...home, PGSTEAD_CACHE: "/proc/x" })).toThrow(refusal);
    expect(() => cacheHome({ ...home, XDG_CACHE_HOME: "/anns/../sys" }, "linux")).toThrow(refusal);
    expect(() => stateHome({ HOME: "/dev/null" })).toThrow(refusal);
    expect(stateHome({ PGSTEAD_STATE: "/process/x" })).toBe("/process/x");
    expect(cacheHome({ PGSTEAD_CACHE: "/dev/shm/x" })).toBe("/dev/shm/x"); // a file system like any other
  });
});

describe("a list of checksums", () => {
  const sum = "ab".repeat(32);
  const list = `${"cd".repeat(32)}  other.tar.gz\n${sum}  pulumi.tar.gz\nnot-hex  broken.tar.gz\n`;

  test("gives the one of the file", () => {
    expect(checksumOf(list, "pulumi.tar.gz")).toBe(sum);
    expect(checksumOf(list.replace("  p", " *p"), "pulumi.tar.gz")).toBe(sum);
  });

  test("gives nothing for a file that is not listed, or not rightly", () => {
    expect(checksumOf(list, "tar.gz")).toBeUndefined();
    expect(checksumOf(list, "broken.tar.gz")).toBeUndefined();
  });
});

describe("the doctor's report", () => {
  const ok: Finding = { name: "node", state: "ok", version: "20.1.0", detail: "runs this" };
  const fetch: Finding = { name: "pulumi", state: "fetch", detail: "would be built" };
  const missing: Finding = { name: "go", state: "missing", detail: "is not installed", hint: "install Go." };

  test("the exit code tells what is left to do", () => {
    expect(exitCodeOf([ok])).toBe(0);
    expect(exitCodeOf([ok, fetch])).toBe(1);
    expect(exitCodeOf([fetch, missing, ok])).toBe(2);
  });

  test("each line has its state, and what is missing has its hint", () => {
    const text = renderFindings([ok, fetch, missing]);
    expect(text).toContain("ok       node    20.1.0  runs this");
    expect(text).toContain("to get   pulumi  would be built");
    expect(text).toMatch(/MISSING {2}go .*\n\s+hint: install Go\./);
  });
});
