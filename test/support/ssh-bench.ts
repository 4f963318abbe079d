import { rm } from "node:fs/promises";
import { afterAll, beforeAll } from "vitest";
import type { SshLogin } from "../../components/core/ssh/login";
import { withSsh, type SshConnection } from "../../components/io/ssh/connection";
import { startServer, type TestServer } from "./server";
import { startSshServer, type SshServer } from "./ssh-server";

/** A test file's SSH host, with a PostgreSQL server behind it. */
export interface SshBench {
  readonly sshd: SshServer;
  readonly postgres: TestServer;
  /** Works over one connection, by default as `sshd.login()`. */
  readonly use: <Result>(
    work: (connection: SshConnection) => Promise<Result>,
    login?: SshLogin,
  ) => Promise<Result>;
}

/** Starts both before the tests of a file and ends them after. */
export function useSshBench(): SshBench {
  let sshd: SshServer;
  let postgres: TestServer;
  beforeAll(async () => {
    [sshd, postgres] = await Promise.all([startSshServer(), startServer()]);
  });
  afterAll(async () => {
    await Promise.all([sshd.stop(), postgres.stop()]);
    await rm(sshd.directory, { recursive: true, force: true });
  });
  return {
    get sshd() {
      return sshd;
    },
    get postgres() {
      return postgres;
    },
    use: (work, login = sshd.login()) => withSsh(login, {}, work),
  };
}
