import { restoreCommands } from "../restore/commands";
import { runBackupWork } from "./backup";

export const restores = restoreCommands(runBackupWork, "npm run ops --");
