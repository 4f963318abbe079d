import type { AnyCommand } from "../frame";
import { connectionCommand } from "./connection";
import { statusCommand } from "./status";

/** Every command, in the order of the help. */
export const commands: readonly AnyCommand[] = [statusCommand, connectionCommand];
