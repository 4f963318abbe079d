import { access } from "./access";
import { credential } from "./credential";
import { embeddedServer } from "./embedded-server";
import { guard } from "./guard";
import { serveProvider } from "./protocol";

/** Version of the own provider; it lives and is released with the program. */
const version = "0.1.0";

void serveProvider({
  version,
  resources: {
    "pgstead:index:Access": access,
    "pgstead:index:Credential": credential,
    "pgstead:index:EmbeddedServer": embeddedServer,
    "pgstead:index:Guard": guard,
  },
});
