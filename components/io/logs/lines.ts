import { StringDecoder } from "node:string_decoder";

/** Longest line that is read whole: of a longer one the beginning counts, and the rest is passed over. */
export const longestLine = 1024 * 1024;

/** Hands each line of a stream on, without its end; memory is bounded, whatever the stream holds. */
export async function eachLine(stream: AsyncIterable<Buffer>, take: (line: string) => void): Promise<void> {
  const decoder = new StringDecoder("utf8");
  let [open, isCut] = ["", false];
  const feed = (text: string): void => {
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      if (!isCut) take(open === "" ? text.slice(from, end) : open + text.slice(from, end));
      [open, isCut, from] = ["", false, end + 1];
    }
    if (isCut) return;
    open += text.slice(from);
    if (open.length < longestLine) return;
    take(open.slice(0, longestLine));
    [open, isCut] = ["", true];
  };
  for await (const chunk of stream) feed(decoder.write(chunk));
  feed(decoder.end());
  if (open !== "" && !isCut) take(open);
}
