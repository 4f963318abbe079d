import { resolve } from "node:path";
import { problemError } from "../../../components/core/problem";
import type { OpsCommand } from "../command";
import type { AnyCommand } from "../command";
import type { RunBackupWork } from "./work";
import {
  fetchBackup,
  listCopies,
  sendMissing,
  type CopiesData,
  type FetchData,
  type SendData,
} from "./copies";
import { orBusy } from "./work";
import { renderCopiesList } from "./render-copies";
import { describeSent } from "./render-sent";

/**
 * The commands of copies.
 *
 * @param run where the repository is
 * @param runHere on the machine of whoever asks: what is elsewhere, and a key, have nothing to do with the repository
 */
export function copiesCommands<Context>(
  run: RunBackupWork<Context>,
  runHere: RunBackupWork<Context>,
  program: string,
): readonly AnyCommand<Context>[] {
  return [send(run, program), list(runHere, program), fetch(runHere, program)];
}

interface CopyArgs {
  readonly copy?: string;
}

const wordsOf = ({ copy }: CopyArgs): string[] => (copy === undefined ? [] : ["--copy", copy]);

function send<Context>(
  run: RunBackupWork<Context>,
  program: string,
): OpsCommand<CopyArgs, SendData, Context> {
  return {
    name: "backup send",
    summary: "send to each copy the good backups that it lacks, and remove there what is too old",
    declare: (command) => {
      command
        .option("--copy <name>", "only this one of pgstead:backup.copies")
        .addHelpText("after", `${sendHelp}\n\nExample:\n  ${program} backup send --copy offsite`);
    },
    run: (context, args) =>
      run(context, ["backup", "send", ...wordsOf(args)], (place, signal) =>
        orBusy(
          place,
          { repository: place.repository, copies: [] },
          "backup send",
          sendMissing(place, args.copy, signal),
        ),
      ),
    render: ({ data }) => ({
      output: data.copies
        .flatMap(describeSent)
        .map((line) => `${line}\n`)
        .join(""),
    }),
  };
}

const sendHelp = `
\`backup\` does so by itself after it took one. A copy is whole once its last file, copy.json, is there; what was cut short
is sent anew. 1: a copy could not be sent; the backups themselves are as they were.

JSON: data.copies [{ copy, sent [{ name, bytes, seconds }], removed [{ name, reason }], problems }].`;

function list<Context>(
  run: RunBackupWork<Context>,
  program: string,
): OpsCommand<CopyArgs, CopiesData, Context> {
  return {
    name: "backup copies",
    summary: "show what is at each copy, asked of the copy itself; it takes no repository",
    declare: (command) => {
      command
        .option("--copy <name>", "only this one of pgstead:backup.copies")
        .addHelpText("after", `${listHelp}\n\nExample:\n  ${program} backup copies --json`);
    },
    run: (context, args) =>
      run(context, ["backup", "copies", ...wordsOf(args)], (place, signal) =>
        listCopies(place, args.copy, signal),
      ),
    render: ({ data }, _args, colors) => ({ output: renderCopiesList(data, colors) }),
  };
}

const listHelp = `
It works where the host with the repository is lost: with the stack's configuration and the secrets of the copies. Whether
the files are what was sent is what \`backup verify\` says. 1: a copy does not answer.

JSON: data.copies [{ name, where, halves }]; data.backups [{ copy, name, database, takenAt, sentAt, encryption, bytes,
fault }].`;

interface FetchOptions extends CopyArgs {
  readonly operands: readonly string[];
  readonly into?: string;
  readonly identity?: string;
}

function fetch<Context>(
  run: RunBackupWork<Context>,
  program: string,
): OpsCommand<FetchOptions, FetchData, Context> {
  const example = `${program} backup fetch shop_full_20261121_020000 --copy offsite --into restored --identity key.txt`;
  return {
    name: "backup fetch",
    summary: "bring a backup back from a copy, decrypted and compared with its manifest",
    declare: (command) => {
      command
        .argument("<name>", "one of `backup copies`")
        .option("--copy <name>", "the copy; needed where there are several")
        .option("--into <directory>", "where it goes: a directory of this name is made below it")
        .option("--identity <file>", "file with the key of age, as `age-keygen` writes it")
        .addHelpText("after", `${fetchHelp}\n\nExample:\n  ${example}`);
    },
    run: (context, { operands: [name = ""], copy, into, identity }) => {
      if (into === undefined)
        throw problemError("--into", "is missing", "name the directory that it is to go to");
      const directory = resolve(into);
      const args = { name, copy, directory, identity };
      return run(context, [], (place, signal) => fetchBackup(place, args, signal));
    },
    render: ({ data: { name, copy, directory } }) => ({
      output: `${name}: is in ${directory}, from copy ${copy}; every file is what was backed up\n`,
    }),
  };
}

const fetchHelp = `
The key is read from the file and goes nowhere. What does not come whole leaves nothing behind.

JSON: data.name, data.copy, data.directory.`;
