import { access } from "./access";
import { credential } from "./credential";
import { embeddedServer } from "./embedded-server";
import { existingServer } from "./existing-server";
import { guard } from "./guard";
import { hostBasedAccess } from "./host-based-access";
import { serveProvider } from "./protocol";
import { settings } from "./settings";

/** Version of the own provider; it lives and is released with the program. */
const version = "0.1.0";

void serveProvider({
  version,
  resources: {
    "pgstead:index:Access": access,
    "pgstead:index:Credential": credential,
    "pgstead:index:EmbeddedServer": embeddedServer,
    "pgstead:index:ExistingServer": existingServer,
    "pgstead:index:Guard": guard,
    "pgstead:index:HostBasedAccess": hostBasedAccess,
    "pgstead:index:Settings": settings,
  },
});
