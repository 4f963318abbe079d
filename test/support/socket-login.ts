import { chown, mkdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { ConnectionTarget } from "../../components/core/connection";
import type { TestServer } from "./server";

/**
 * Has a server listen on a socket, over which an account is its superuser without a password (`peer`).
 *
 * @param name of the account; default: that of the test
 * @param settings further ones, which the same restart brings
 */
export async function listenOnSocket(
  server: TestServer,
  directory: string,
  settings: Readonly<Record<string, string>> = {},
  name = userInfo().username,
): Promise<ConnectionTarget> {
  const { dataDirectory, account } = server.instance;
  await mkdir(directory, { recursive: true });
  if (account !== undefined) await chown(directory, account.uid, account.gid);
  const session = await server.connect();
  for (const [setting, value] of Object.entries({ unix_socket_directories: directory, ...settings })) {
    await session.query(`ALTER SYSTEM SET ${setting} = '${value}'`);
  }
  await session.close();
  const hba = join(dataDirectory, "pg_hba.conf");
  await writeFile(hba, `local all all peer map=tests\n${await readFile(hba, "utf8")}`);
  await writeFile(join(dataDirectory, "pg_ident.conf"), `tests ${name} ${server.superuser}\n`);
  await server.halt();
  await server.start();
  return { host: directory, port: server.port, user: server.superuser, password: "" };
}
