/** `npm run build:ops`: bundles the operations code for the image `ops`, and says what it has made. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { opsBundleFile } from "../../../components/core/ops-bundle";
import { sha256 } from "../../ops-bundle";
import { buildOpsBundle } from "./bundle-ops";
import { createContext } from "../context";
import { main } from "../main";

main(async () => {
  const { project, say } = createContext();
  await buildOpsBundle(project);
  const code = readFileSync(join(project, opsBundleFile));
  say(`${opsBundleFile}: ${Math.round(code.length / 1024)} kB, sha256 ${sha256(code).slice(0, 12)}`);
  return 0;
});
