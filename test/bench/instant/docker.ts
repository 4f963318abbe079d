import { serveProvider } from "../../../components/providers/protocol";
import { plugins } from "../../../infra/toolchain/versions";
import { instantType } from "./instant-type";

/** Stands in for the plugin `docker`: the same types, and no engine. */
void serveProvider({
  version: plugins.find(({ name }) => name === "docker")?.version ?? "",
  resources: {
    "docker:index/container:Container": instantType(),
    "docker:index/image:Image": instantType({ repoDigest: `sha256:${"0".repeat(64)}` }),
    "docker:index/network:Network": instantType(),
    "docker:index/volume:Volume": instantType(),
  },
});
