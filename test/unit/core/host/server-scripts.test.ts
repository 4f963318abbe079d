import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import type { HostCluster } from "../../../../components/core/host/facts";
import { hostFactsScript } from "../../../../components/core/host/facts-script";
import {
  isHalfDoneScript,
  readFileScript,
  removeFileScript,
  restartScript,
  serviceCommands,
  settleScript,
  startReason,
  startScript,
  stopScript,
  writeFileScript,
} from "../../../../components/core/host/server-scripts";

const debian: HostCluster = {
  ...{ layout: "debian", name: "17/main", version: "17", owner: "postgres" },
  ...{ dataDirectory: "/srv/it's data/main", configDirectory: "/etc/postgresql/17/main" },
  ...{ binDirectory: "/usr/lib/postgresql/17/bin", logFile: "/var/log/postgresql/it's.log" },
};
const withUnit: HostCluster = { ...debian, unit: "postgresql@17-main.service" };

describe("scripts about a server", () => {
  test("use systemd's unit where there is one, else Debian's program", () => {
    expect(serviceCommands(withUnit).stop).toBe("systemctl stop postgresql@17-main.service");
    expect(serviceCommands(debian)).toEqual({
      start: "pg_ctlcluster 17 main start",
      stop: "pg_ctlcluster -m fast 17 main stop",
    });
  });

  test.each(
    [debian, withUnit].flatMap((cluster) =>
      [
        ...[startScript, stopScript].map((script) => script(cluster)),
        ...[restartScript, settleScript, isHalfDoneScript].map((script) => script(cluster, "a 'b'")),
        ...[readFileScript, writeFileScript, removeFileScript].map((script) => script(cluster, "a 'b'")),
        hostFactsScript,
      ].map((script) => [script]),
    ),
  )("are read by a shell, whatever the names are (%#)", (script) => {
    const { status, stderr } = spawnSync("sh", ["-n"], { input: script, encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });
});

describe("why a server did not start", () => {
  test("is what it said at its worst, without what its log writes before it", () => {
    const said = `Job for postgresql@17-main.service failed because the service did not take the steps required.
2026-11-22 18:14:47.499 UTC [825] LOG:  could not bind IPv6 address "::1": Cannot assign requested address
2026-11-22 18:14:47.512 UTC [825] LOG:  could not open configuration file "/nowhere": No such file or directory
2026-11-22 18:14:47.512 UTC [825] FATAL:  could not load pg_hba.conf
2026-11-22 18:14:47.512 UTC [825] FATAL:  could not load pg_hba.conf
pg_ctl: could not start server
Examine the log output.`;
    expect(startReason(said)).toBe(
      'LOG:  could not open configuration file "/nowhere": No such file or directory; FATAL:  could not load pg_hba.conf',
    );
  });

  test("is the last line where none tells, and never nothing", () => {
    expect(startReason("a\nb is masked\n\n")).toBe("b is masked");
    expect(startReason("\n")).toBe("it said nothing");
  });
});
