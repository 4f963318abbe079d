import { decideDeclared } from "../../../../components/core/migrations/decide-declared";
import { inputOf, type JudgedFiles } from "../../../../components/core/migrations/judged-files";
import { refuseUpgrade } from "../../../../components/core/migrations/refuse-run";
import { refuseRepeats } from "../../../../components/core/repeatables/plan-repeatables";
import { createEngine } from "../../../../components/io/migrations/engine";
import type { DatabaseConfig } from "../../../config";
import { allowedLosses } from "../../backup/gate";
import type { CommandContext } from "../../command";
import { decideShown } from "../repeats";
import { lookAtHistory } from "../stack-database";
import type { BackupSubject } from "./run";

/** Files of SQL, which our own engine applies. */
export function sqlSubject(
  context: CommandContext,
  database: DatabaseConfig,
  files: JudgedFiles,
): BackupSubject {
  return {
    database,
    files,
    async plan(restored) {
      const history = await lookAtHistory(context, restored);
      const { steps, problems } = decideDeclared(inputOf(files, history), {
        ...database.migrations,
        downgrade: "refuse",
      });
      const repeats = await decideShown(context, restored, files, { history, steps, problems });
      const losses = { database: database.name, ...allowedLosses(context.config) };
      return {
        steps,
        problems,
        refused: [...refuseUpgrade(files, steps, losses), ...refuseRepeats(repeats, steps)],
        repeatables: repeats.runs ? files.repeatables : [],
        repeats: repeats.steps.length,
      };
    },
    engine: ({ database: { name, owner, administrator, login }, limits, waiting, log }) =>
      createEngine({
        ...{ database: name, owner, login, watcher: administrator, limits, waiting },
        parser: files.parser,
        lookOn: log.lookOn,
      }),
  };
}
