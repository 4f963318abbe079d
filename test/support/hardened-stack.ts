import { expect, test } from "vitest";
import type { AuditSecurityData } from "../../infra/ops/commands/audit-security";
import type { LogsData } from "../../infra/ops/logs/logs-report";
import type { DockerStackUnderTest } from "./docker-stack";
import { eventually } from "./eventually";

/** Tests of a stack in containers that is up: whether it is hardened, and whether its log can be read. */
export function testHardening(under: () => DockerStackUnderTest): void {
  test("passes all controls of hardening but those that the stack excepts, and its log is read through its container", async () => {
    const audit = JSON.parse((await under().ops(["audit-security", "--json"])).stdout) as {
      data: AuditSecurityData;
      findings: readonly unknown[];
    };
    const of = (status: string): string[] =>
      audit.data.controls.filter((one) => one.status === status).map(({ id }) => id);
    expect(audit.findings).toEqual([]);
    // A container's addresses are its own, and pgstead has no other way into it: both say so.
    expect(of("exception")).toEqual(["connection.listen", "connection.administrator"]);
    for (const { status, reason } of audit.data.controls)
      expect(reason !== null).toBe(status === "exception");
    expect(of("cannot-tell")).toEqual([]);
    expect(of("not-applicable")).toEqual(["replication.streaming"]);

    const session = await under().connect();
    const failed = session.query("SELECT 1 / 0").finally(() => session.close());
    await expect(failed).rejects.toThrow("division by zero");
    await eventually("the log tells of it", async () => {
      const { stdout } = await under().ops(["logs", "--json"], { exitCode: "any" });
      const { data } = JSON.parse(stdout) as { data: LogsData };
      return data.messages.some(({ code }) => code === "22012") ? true : undefined;
    });
  });
}
