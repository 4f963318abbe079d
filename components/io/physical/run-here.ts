import { runProgram } from "../process";
import type { RunThere } from "./pgbackrest";

/** Runs programs beside the repository itself: in the ops container. */
export const runHere: RunThere = ([file = "", ...args], options) => runProgram(file, args, options);
