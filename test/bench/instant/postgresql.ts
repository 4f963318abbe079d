import { serveProvider } from "../../../components/providers/protocol";
import { plugins } from "../../../infra/toolchain/versions";
import { instantType } from "./instant-type";

/** Stands in for the plugin `postgresql`: the same types, and no server. */
void serveProvider({
  version: plugins.find(({ name }) => name === "postgresql")?.version ?? "",
  resources: {
    "postgresql:index/database:Database": instantType(),
    "postgresql:index/extension:Extension": instantType(),
    "postgresql:index/role:Role": instantType(),
    "postgresql:index/schema:Schema": instantType(),
  },
});
