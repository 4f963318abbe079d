/** `npm run doctor`: what the toolchain found, from where, and what it would do. It fetches and builds nothing. */
import { dataHome } from "../../../components/io/places";
import { createContext } from "../context";
import {
  checkDependencies,
  checkDirectory,
  checkEmbeddedServer,
  checkGit,
  checkGo,
  checkNode,
  checkPlugin,
  checkPulumi,
} from "./doctor-checks";
import { exitCodeOf, renderFindings, type Finding } from "./doctor-report";
import { main } from "../main";
import { devPlugins } from "../plugins/needed-plugins";

const usage = `npm run doctor -- [options]   what is there, from where, and what the next run would get

  --json     for programs: { "exitCode": …, "findings": [{ "name", "state", "version", "place", "detail", "hint" }] }
  --refresh  ask the download site again for what an offline edition stands in for
  --help     this text

Exit code: 0 everything is there, 1 the next run gets what is missing, 2 something has to be mended first.
`;

const options = new Set(["--json", "--refresh", "--help", "-h"]);

main(async (args) => {
  const unknown = args.find((arg) => !options.has(arg));
  if (unknown !== undefined || args.includes("--help") || args.includes("-h")) {
    process[unknown === undefined ? "stdout" : "stderr"].write(
      unknown === undefined ? usage : `pgstead: ${unknown} is not an option of doctor\n\n${usage}`,
    );
    return unknown === undefined ? 0 : 2;
  }
  const findings = await examine({ refresh: args.includes("--refresh") });
  const exitCode = exitCodeOf(findings);
  const text = args.includes("--json")
    ? JSON.stringify({ exitCode, findings }, null, 2)
    : renderFindings(findings);
  process.stdout.write(`${text}\n`);
  return exitCode;
});

async function examine({ refresh }: { readonly refresh: boolean }): Promise<Finding[]> {
  const context = createContext();
  return [
    checkNode(),
    checkDependencies(context),
    await checkGit(context),
    ...(await checkPulumi(context)),
    await checkGo(context),
    ...(await Promise.all(devPlugins(context).map((pin) => checkPlugin(context, pin, { refresh })))),
    checkEmbeddedServer(),
    checkDirectory("cache", context.cache),
    checkDirectory("state of dev", context.state),
    checkDirectory("servers", dataHome(context.env)),
  ];
}
