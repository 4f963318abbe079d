import { describe, expect, test } from "vitest";
import {
  archiveSettings,
  backRestCommand,
  containerPlaces,
  renderBackRest,
  renderPassphrase,
} from "../../../../components/core/physical/configuration";

const text = renderBackRest({ keepFull: 2, processes: 3 }, containerPlaces, "postgres");

describe("pgBackRest's configuration", () => {
  test.each([
    "repo1-cipher-type=aes-256-cbc",
    "repo1-retention-full=2",
    "repo1-bundle=y",
    "repo1-block=y",
    "compress-type=zst",
    "process-max=3",
    "start-fast=y",
    "pg1-path=/var/lib/postgresql/data/current",
    "pg1-user=postgres",
  ])("says %s", (line) => {
    expect(text.split("\n")).toContain(line);
  });

  test("has the lock on the volume that both containers have", () => {
    expect(text).toContain(`lock-path=${containerPlaces.repository}/`);
  });

  test("holds no passphrase: that is in a file of its own", () => {
    expect(text).not.toContain("cipher-pass");
    expect(renderPassphrase("geheim")).toBe("[global]\nrepo1-cipher-pass=geheim\n");
  });

  test.each(["", "a b", "a\nb", "ä"])(
    "takes no passphrase that it would read otherwise: %j",
    (passphrase) => {
      expect(() => renderPassphrase(passphrase)).toThrow("choose one of letters and digits");
    },
  );
});

test("the server archives with the same configuration, and nothing secret on the command line", () => {
  expect(archiveSettings("/etc/pgstead/server", "60s")).toEqual({
    archive_mode: "on",
    archive_command:
      'pgbackrest --no-config --config-include-path=/etc/pgstead/server --stanza=pgstead archive-push "%p"',
    archive_timeout: "60s",
  });
  expect(backRestCommand("/x").join(" ")).not.toMatch(/pass/);
});
