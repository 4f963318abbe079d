import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { openSession } from "../../components/io/session";
import { freePort } from "../support/server";
import { useSshBench } from "../support/ssh-bench";

const bench = useSshBench();
const { use } = bench;

describe("a tunnel", () => {
  test("carries PostgreSQL sessions through a bastion, as a stream and by a port of this machine", async () => {
    const login = bench.sshd.login({ bastion: bench.sshd.login() });
    await use(async (connection) => {
      const local = await connection.listenFor({ host: "127.0.0.1", port: bench.postgres.port });
      const target = {
        host: "127.0.0.1",
        port: local.port,
        user: bench.postgres.superuser,
        password: bench.postgres.password,
      };
      const sessions = await Promise.all([1, 2, 3].map(() => openSession(target, { database: "postgres" })));
      for (const session of sessions) {
        expect(await session.query("SELECT repeat('x', 1000000) AS text")).toEqual([
          { text: "x".repeat(1_000_000) },
        ]);
      }
      await sessions[0]?.close();
      await local.close();
      await expect(sessions[1]?.query("SELECT 1")).rejects.toThrow();
      await Promise.all(sessions.slice(1).map((session) => session.close().catch(() => undefined)));
    }, login);
  });

  test("tells why it has no connection, and goes on", async () => {
    await use(async (connection) => {
      const port = await freePort();
      await expect(connection.openStream({ host: "127.0.0.1", port })).rejects.toThrow(
        `cannot reach 127.0.0.1:${port}`,
      );
      const told: Error[] = [];
      const local = await connection.listenFor({ host: "127.0.0.1", port }, (error) => told.push(error));
      const socket = connect({ port: local.port, host: "127.0.0.1" });
      expect(await text(socket).catch(() => "")).toBe("");
      expect(told.map(({ message }) => message)).toEqual([expect.stringContaining("cannot reach")]);
      await local.close();
    });
  });
});

describe("a copy", () => {
  test("of a text, a file and directories is the same there", async () => {
    const [from, to] = [join(bench.sshd.directory, "from"), join(bench.sshd.directory, "to")];
    mkdirSync(join(from, "inner"), { recursive: true });
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    writeFileSync(join(from, "inner", "bytes"), bytes);
    await use(async (connection) => {
      await connection.upload({ text: "text ü\n" }, `${to}/made/on/the/way.txt`);
      await connection.upload({ path: join(from, "inner", "bytes") }, `${to}/made`);
      await connection.upload({ path: from }, `${to}/whole`);
      await connection.upload({ path: `${from}/` }, `${to}/content`);
      await expect(connection.upload({ text: "x" }, to)).rejects.toThrow("is a directory");
      await expect(connection.upload({ path: from }, `${to}/made/bytes`)).rejects.toThrow("is a file");
      await expect(connection.upload({ text: "x" }, "/proc/none/file")).rejects.toMatchObject({
        kind: "sftp",
      });
    });
    expect(readFileSync(`${to}/made/on/the/way.txt`, "utf8")).toBe("text ü\n");
    for (const copy of ["made/bytes", "whole/from/inner/bytes", "content/inner/bytes"]) {
      expect(readFileSync(join(to, copy)).equals(bytes)).toBe(true);
    }
  });
});
