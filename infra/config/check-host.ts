import type { Become } from "../../components/core/host/place";
import type { Problem } from "../../components/core/problem";
import { at } from "./check-server";
import type { WrittenConfig } from "./schema";
import type { WrittenOnHost } from "./schema-host";
import { renderValue } from "./shape";
import type { OnHostConfig } from "./stack-config";

const place = ["server", "onHost"];

/** What is wrong with what is declared of the server's host. */
export function checkOnHost({ ssh, onHost }: WrittenConfig["server"]): Problem[] {
  if (onHost === undefined) return [];
  const { become, cluster } = onHost;
  if (ssh === undefined) {
    const message = "stands without pgstead:server.ssh, and the host is reached over that";
    return at(place, {
      message,
      hint: "add `ssh: { host: db1.example.com, user: deploy }`, or remove onHost",
    });
  }
  const isRoot = ssh.user === undefined || ssh.user === "root";
  return [
    ...(become === "none" && !isRoot
      ? at([...place, "become"], {
          message: `is none, and ${ssh.user ?? ""} is not root`,
          hint: "set it to sudo, or log in as root (pgstead:server.ssh.user)",
        })
      : []),
    ...(cluster === undefined || /^\d{2}\/[A-Za-z0-9_][\w.-]*$/.test(cluster)
      ? []
      : at([...place, "cluster"], {
          message: `${renderValue(cluster)} is not the name of a cluster`,
          hint: "write version and name, such as 17/main: `pg_lsclusters` on the host tells",
        })),
  ];
}

/** Complete; what is wrong was told by {@link checkOnHost}. */
export function resolveOnHost({ become, cluster }: WrittenOnHost, user: string): OnHostConfig {
  const usual: Become = user === "root" ? "none" : "sudo";
  return { become: become ?? usual, ...(cluster === undefined ? {} : { cluster }) };
}
