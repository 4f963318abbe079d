import { StringDecoder } from "node:string_decoder";
import type { EngineLog } from "../../../../components/providers/engine-log";
import type { PropertyValue } from "../../../../components/providers/properties";
import { withoutSecrets } from "../shared/secret-texts";

/** What a command writes, on its way to whoever watches the run. */
export interface OutputLog {
  write(stream: "stdout" | "stderr", part: Buffer): void;
  /** The end of both outputs, as they came: for the message of a failure. */
  tail(): string;
  /** When the engine has all of it. */
  settled(): Promise<void>;
}

/** Characters of the outputs that a message of a failure repeats. */
const tailLength = 8_000;

/** Shows each line as progress under the resource, of which nothing stays. */
export function outputLog(
  log: EngineLog,
  { logging, secrets }: { readonly logging: PropertyValue | undefined; readonly secrets: readonly string[] },
): OutputLog {
  const shown = {
    stdout: logging === undefined || logging === "stdout" || logging === "stdoutAndStderr",
    stderr: logging === undefined || logging === "stderr" || logging === "stdoutAndStderr",
  };
  const decoders = { stdout: new StringDecoder("utf8"), stderr: new StringDecoder("utf8") };
  const open = { stdout: "", stderr: "" };
  const sent: Promise<void>[] = [];
  let tail = "";
  const say = (line: string): void => {
    if (line !== "") sent.push(log("info", withoutSecrets(line, secrets), { ephemeral: true }));
  };
  return {
    write(stream, part) {
      const text = decoders[stream].write(part);
      tail = `${tail}${text}`.slice(-tailLength);
      if (!shown[stream]) return;
      const lines = `${open[stream]}${text}`.split("\n");
      open[stream] = lines.pop() ?? "";
      lines.forEach(say);
    },
    tail: () => tail,
    async settled() {
      say(open.stdout);
      say(open.stderr);
      await Promise.all(sent);
    },
  };
}
