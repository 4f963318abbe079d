import { describe, expect, test } from "vitest";
import { parseSshOptions, writeSsh } from "../../../components/core/adopt/ssh-options";
import { renderPlace } from "../../../components/core/connection";
import { sshCommand } from "../../../components/core/ssh/command";

const ssh = { host: "db1", port: 22, user: "deploy" };

describe("the command of a person", () => {
  test("goes to the server's own port on this machine", () => {
    expect(sshCommand({ host: "localhost", port: 5432, ssh })).toBe(
      "ssh -N -L 127.0.0.1:5432:localhost:5432 deploy@db1",
    );
  });

  test("has key, bastion and port, and quotes what a shell would take apart", () => {
    const way = { ...ssh, port: 2222, keyFile: "~/.ssh/db", bastion: { host: "b", port: 22, user: "jump" } };
    expect(sshCommand({ host: "::1", port: 5433, ssh: way })).toBe(
      "ssh -N -L '127.0.0.1:5433:[::1]:5433' -i ~/.ssh/db -J jump@b:22 -p 2222 deploy@db1",
    );
    expect(sshCommand({ host: "localhost", port: 5432, ssh: { ...ssh, keyFile: "~/my key" } })).toContain(
      "-i '~/my key'",
    );
  });

  test("reaches a socket of the host", () => {
    expect(sshCommand({ host: "/run/postgresql", port: 5432, ssh })).toContain(
      "127.0.0.1:5432:/run/postgresql/.s.PGSQL.5432",
    );
  });
});

test("a place says the way that leads there", () => {
  const bastion = { host: "::1", port: 22, user: "jump" };
  expect(renderPlace({ host: "localhost", port: 5432, ssh: { ...ssh, bastion } })).toBe(
    "localhost:5432 over SSH deploy@db1:22 through jump@[::1]:22",
  );
});

describe("options of a way", () => {
  test("are written as the configuration has it", () => {
    const way = parseSshOptions({ ssh: "deploy@db1:2222", sshKey: "k", sshBastion: "jump@[::1]" });
    expect(way).toEqual({
      ...{ user: "deploy", host: "db1", port: 2222, keyFile: "k" },
      bastion: { user: "jump", host: "::1", port: 22, keyFile: "k" },
    });
    expect(way && writeSsh(way)).toEqual({
      ...{ user: "deploy", host: "db1", port: 2222, keyFile: "k" },
      bastion: { user: "jump", host: "::1", keyFile: "k" },
    });
    expect(parseSshOptions({})).toBeUndefined();
  });

  test("are told together where they are wrong", () => {
    expect(() => parseSshOptions({ ssh: "db1", sshBastion: "a@b:99999" })).toThrow(
      /--ssh: "db1" is not an account[^]*--ssh-bastion: "a@b:99999"/,
    );
    expect(() => parseSshOptions({ sshKey: "k" })).toThrow("says nothing without --ssh");
  });
});
