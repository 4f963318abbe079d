import { totalmem } from "node:os";
import { expect, test } from "vitest";
import type { DockerStackUnderTest } from "./docker-stack";
import { eventually } from "./eventually";

/** Tests of a stack in containers that is up: what its ops container and Prometheus tell of it. */
export function testWatching(under: () => DockerStackUnderTest): void {
  test("what Prometheus sees are the server, its statements and tables, the host, and the ops container", async () => {
    const query = async (expression: string): Promise<string | undefined> => {
      const ports = (await under().docker.getContainer(`${under().name}-prometheus`).inspect())
        .NetworkSettings.Ports["9090/tcp"];
      const place = `http://127.0.0.1:${ports?.[0]?.HostPort ?? ""}/api/v1/query?query=`;
      const answer = await fetch(`${place}${encodeURIComponent(expression)}`);
      const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
      return data.result[0]?.value[1];
    };
    const seen = (expression: string): Promise<string> => eventually(expression, () => query(expression));
    expect(await seen('pg_scrape_collector_success{collector="stat_statements"}')).toBe("1");
    expect(await query("min(pg_scrape_collector_success)")).toBe("1");
    expect(await seen("count(node_filesystem_avail_bytes)")).toBe("1");
    expect(await query("node_filesystem_readonly")).toBe("0");
    expect(await query("min(node_scrape_collector_success)")).toBe("1");
    const total = Number(await seen("node_memory_MemTotal_bytes"));
    expect(total / totalmem()).toBeCloseTo(1, 2);
    expect(await seen("pgstead_server_writable")).toBe("1");
    expect(await seen("pgstead_health_status")).toBe("1");
  });

  test("the ops container finds what somebody changed by hand, and nothing where nobody did", async () => {
    const look = async (): Promise<{ text: string; objects: string | undefined }> => {
      const run = ["node", "/usr/lib/pgstead/ops.cjs", "run", "drift"];
      const text = await under().exec("ops", run);
      const script =
        'fetch("http://127.0.0.1:9188/metrics").then((r) => r.text()).then((t) => console.log(t))';
      const metrics = await under().exec("ops", ["node", "-e", script]);
      return { text, objects: /^pgstead_drift_objects (\d+)$/m.exec(metrics)?.[1] };
    };
    expect(await look()).toMatchObject({ objects: "0" });
    await sql(under(), "CREATE ROLE eve LOGIN SUPERUSER");
    const found = await look();
    expect(Number(found.objects)).toBeGreaterThan(0);
    expect(found.text).toMatch(/not as declared: .*eve/);
    await sql(under(), "DROP ROLE eve");
    expect(await look()).toMatchObject({ objects: "0" });
  });

  test("its metrics are as Prometheus' own linter would have them", async () => {
    const script = 'fetch("http://127.0.0.1:9188/metrics").then((r) => r.text()).then((t) => console.log(t))';
    const metrics = await under().exec("ops", ["node", "-e", script]);
    // Two names are older than the linter's look at a stack with backups; dashboards of others have them.
    const named = metrics.replace(/^(?:# \w+ )?pgstead_backup(?:_copy)?_count\b.*\n/gm, "");
    expect(await under().exec("prometheus", ["promtool", "check", "metrics"], named)).toBe("");
  });

  test("its health is told on its port, and the details to who has the token of the stack's outputs", async () => {
    const { healthToken } = await under().outputs<{ healthToken: string }>();
    const script = `for (const path of ["/health", "/health/ready", "/health/details"]) {
      const answer = await fetch("http://127.0.0.1:9188" + path, path.endsWith("details") ? { headers: { authorization: "Bearer " + require("fs").readFileSync(0, "utf8") } } : {});
      console.log(answer.status);
    }`;
    const program = `(async () => { ${script} })()`;
    expect(await under().exec("ops", ["node", "-e", program], healthToken)).toBe("200\n200\n200\n");
    expect(await under().exec("ops", ["node", "-e", program], "wrong")).toBe("200\n200\n401\n");
  });
}

async function sql(under: DockerStackUnderTest, text: string): Promise<void> {
  const session = await under.connect();
  try {
    await session.query(text);
  } finally {
    await session.close();
  }
}
