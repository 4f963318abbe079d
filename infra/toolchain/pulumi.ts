/** `npm run pulumi -- …`: any Pulumi command with the project's Pulumi, plugins and, for stack dev, state. */
import { parseCommand } from "./arguments";
import { createContext } from "./context";
import { prepareEnvironment } from "./environment";
import { main } from "./main";
import { runPulumi } from "./run-pulumi";

main(async (args) => {
  const context = createContext();
  const command = parseCommand(args);
  const environment = await prepareEnvironment(context, command);
  return runPulumi(context, environment, command, args);
});
