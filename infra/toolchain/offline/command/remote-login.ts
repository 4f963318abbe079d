import type { SshHop, SshLogin } from "../../../../components/core/ssh/login";
import { withSsh, type SshConnection } from "../../../../components/io/ssh/connection";
import type { ResourceRequest } from "../../../../components/providers/contract";
import type { PropertyMap } from "../../../../components/providers/properties";
import { asMap } from "../shared/attribute";

/** The login of a checked connection, without secrets' wrappers. Without a `hostKey` anybody is believed to be the host. */
export function loginOf(connection: PropertyMap, env: NodeJS.ProcessEnv = process.env): SshLogin {
  const proxy = asMap(connection.proxy);
  return { ...hopOf(connection, env), ...(proxy === undefined ? {} : { bastion: hopOf(proxy, env) }) };
}

function hopOf(map: PropertyMap, env: NodeJS.ProcessEnv): SshHop {
  const text = (name: string): string | undefined => {
    const value = map[name];
    return typeof value === "string" ? value : undefined;
  };
  const hostKey = text("hostKey");
  const ambient = env.SSH_AUTH_SOCK === "" ? undefined : env.SSH_AUTH_SOCK;
  return {
    host: text("host") ?? "",
    port: Number(map.port ?? 22),
    user: text("user") ?? "root",
    password: text("password"),
    privateKey: text("privateKey"),
    passphrase: text("privateKeyPassword"),
    agentSocket: text("agentSocketPath") ?? ambient,
    dialErrorLimit: Number(map.dialErrorLimit ?? 10),
    dialTimeout: Number(map.perDialTimeout ?? 15),
    trust: hostKey === undefined ? { kind: "anybody" } : { kind: "key", key: hostKey },
  };
}

/** Logs in, does the work and logs out. */
export function onHost<Result>(
  inputs: PropertyMap,
  { signal, log }: Pick<ResourceRequest, "signal" | "log">,
  work: (connection: SshConnection) => Promise<Result>,
): Promise<Result> {
  const say = (text: string): void => void log("info", text, { ephemeral: true });
  return withSsh(loginOf(asMap(inputs.connection) ?? {}), { signal, say }, work);
}
