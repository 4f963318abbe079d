import { serveProvider } from "../../../../components/providers/protocol";
import { diffSettings } from "../shared/settings";
import { copyType } from "./copy-to-remote";
import { localCommandType } from "./local-command";
import { checkConfig } from "./provider-config";
import { remoteCommandType } from "./remote-command";
import { officialPlugin } from "./version";

/**
 * Offline edition of the official plugin `command`, for places where that cannot be downloaded: the same answers for
 * commands, here and over SSH, and for copies. Anything else is refused by name.
 */
void serveProvider({
  version: officialPlugin.version,
  checkConfig,
  diffConfig: diffSettings,
  resources: {
    "command:local:Command": localCommandType,
    "command:remote:Command": remoteCommandType,
    "command:remote:CopyToRemote": copyType,
  },
});
