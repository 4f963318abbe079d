/** One message of the engine's classic builder. */
interface BuildMessage {
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
}

/** Lines of a failed step that its message shows. */
const shown = 15;

/** What a build has said so far. */
export class BuildOutput {
  /** The step that is at work: `Step 3/7 : RUN make`. */
  step = "";
  /** What the engine gave up with. */
  failure: string | undefined;
  private readonly lines: string[] = [];
  private rest = "";

  /**
   * Takes the next piece of the engine's answer, which may end anywhere.
   *
   * @returns the lines that it completed, for whoever watches
   */
  take(piece: string): readonly string[] {
    const parts = `${this.rest}${piece}`.split("\n");
    this.rest = parts.pop() ?? "";
    return parts.filter((part) => part.trim() !== "").flatMap((part) => this.message(part));
  }

  /** The end of what the step has printed. */
  lastLines(): readonly string[] {
    return this.lines.slice(-shown);
  }

  private message(text: string): readonly string[] {
    const message = JSON.parse(text) as BuildMessage;
    const failure = message.errorDetail?.message ?? message.error;
    if (failure !== undefined) {
      this.failure = failure.trim();
      return [];
    }
    if (message.status !== undefined) return [[message.id, message.status].filter(Boolean).join(": ")];
    const lines = (message.stream ?? "")
      .split(/[\r\n]+/)
      .map(plain)
      .filter((line) => line.trim() !== "");
    for (const line of lines) this.note(line);
    return lines;
  }

  private note(line: string): void {
    if (/^Step \d+\/\d+ :/.test(line)) {
      this.step = line.trim();
      this.lines.length = 0;
      return;
    }
    // `---> Running in 0123456789ab` and its like say nothing about a failure.
    if (/^ ?--->/.test(line) || line.startsWith("Removing intermediate container")) return;
    this.lines.push(line.trimEnd());
    if (this.lines.length > 200) this.lines.splice(0, 100);
  }
}

/** Without colours. */
function plain(line: string): string {
  // eslint-disable-next-line no-control-regex -- an escape sequence begins with a control character
  return line.replace(/\u001b\[[0-9;]*m/g, "");
}
