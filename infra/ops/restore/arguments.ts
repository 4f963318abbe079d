import { ProblemError, type Problem } from "../../../components/core/problem";

export interface RestoreArgs {
  readonly operands: readonly string[];
  readonly list?: boolean;
  readonly into?: string;
  readonly table?: string;
  readonly as?: string;
  readonly database?: string;
  readonly confirm?: string;
  readonly dryRun?: boolean;
  readonly undo?: boolean;
  readonly dropOld?: boolean;
  readonly copy?: string;
  readonly identity?: string;
}

/** @throws ProblemError with everything that does not fit */
export function assertOneWay(args: RestoreArgs): void {
  const {
    operands: [backup],
    list: isList,
  } = args;
  const { into, table, as, confirm, dryRun } = args;
  const ways = Object.entries({
    "--list": isList,
    "--into": into,
    "--table": table,
    "--undo": args.undo,
    "--drop-old": args.dropOld,
  });
  const [first, second] = ways
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([name]) => name);
  const needsBackup = first === undefined || ["--into", "--table"].includes(first);
  const problems: Problem[] = [];
  const add = (path: string, message: string, hint: string): void => {
    problems.push({ path, message, hint });
  };
  if (second !== undefined) add(second, `stands beside ${first ?? ""}`, "give one of the two");
  if (needsBackup && backup === undefined) {
    add("backup", "is missing", "name one of `restore --list`, or say latest");
  }
  if (!needsBackup && backup !== undefined) add(backup, `stands beside ${first}`, "leave it out");
  if (as !== undefined && table === undefined)
    add("--as", "stands without --table", "say which table: --table app.users");
  const replaces = first === undefined || ["--undo", "--drop-old"].includes(first);
  if (confirm !== undefined && !replaces)
    add("--confirm", `stands beside ${first}`, "leave it out: nothing is replaced");
  if (args.identity !== undefined && args.copy === undefined)
    add("--identity", "stands without --copy", "say which copy: --copy <name>");
  if (args.copy !== undefined && (args.undo === true || args.dropOld === true))
    add("--copy", `stands beside ${first ?? ""}`, "leave it out: what restores have kept is on the server");
  if (dryRun === true && first !== undefined) add("--dry-run", `stands beside ${first}`, "leave it out");
  if (problems.length > 0) throw new ProblemError("the command line is not usable", problems);
}
