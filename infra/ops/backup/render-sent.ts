import { renderSize } from "../../../components/core/size";
import type { CopyOutcome } from "../../../components/io/copies/sync";

/** A line for each backup that went to a copy, or went away there. */
export function describeSent({ copy, sent, removed, problems }: CopyOutcome): string[] {
  return [
    ...sent.map(
      ({ name, bytes, seconds }) => `${copy}: sent ${name}, ${renderSize(bytes)}, in ${seconds.toFixed(1)} s`,
    ),
    ...removed.map(({ name, reason }) => `${copy}: removed ${name}: ${reason}`),
    ...(sent.length + removed.length + problems.length === 0 ? [`${copy}: has all`] : []),
  ];
}
