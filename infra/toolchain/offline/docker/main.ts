import { serveProvider } from "../../../../components/providers/protocol";
import { resourceType } from "../shared/resource";
import { diffSettings } from "../shared/settings";
import { containerBehaviour } from "./container";
import { Engine } from "./engine";
import { imageType } from "./image";
import { networkBehaviour } from "./network";
import { checkConfig, parseConfig } from "./provider-config";
import { officialPlugin } from "./version";
import { volumeBehaviour } from "./volume";

/**
 * Offline edition of the official plugin `docker`, for places where that cannot be downloaded: the same answers for the
 * resource types that this program uses. Anything else is refused by name.
 */
let configured: Engine | undefined;

function engine(): Engine {
  if (configured === undefined) throw new Error("the docker provider was not configured");
  return configured;
}

void serveProvider({
  version: officialPlugin.version,
  checkConfig,
  diffConfig: diffSettings,
  configure(config) {
    configured = new Engine(parseConfig(config));
  },
  resources: {
    "docker:index/container:Container": resourceType(containerBehaviour(engine)),
    "docker:index/image:Image": imageType(engine),
    "docker:index/network:Network": resourceType(networkBehaviour(engine)),
    "docker:index/volume:Volume": resourceType(volumeBehaviour(engine)),
  },
});
