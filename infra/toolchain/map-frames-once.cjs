"use strict";

/**
 * Has a frame of a stack trace looked up in the source maps once, not once per trace.
 *
 * The SDK takes the stack trace of every promise and resource that it makes, thousands for a whole stack, and Pulumi has
 * installed source-map-support, which searches the maps for each frame of each of them: half a second of a preview, for
 * the same few hundred frames again and again. Traces of errors that say something are left to it, as they are.
 */
function mapFramesOnce() {
  const mapped = Error.prepareStackTrace;
  if (mapped === undefined) return;
  const known = new Map();
  const head = mapped(new Error(), []);
  const render = (frame) => {
    const place = [frame.getFileName(), frame.getLineNumber(), frame.getColumnNumber()];
    const key = [...place, frame.getTypeName(), frame.getFunctionName(), frame.isAsync()].join(" ");
    if (!known.has(key)) known.set(key, mapped(new Error(), [frame]).slice(head.length));
    return known.get(key);
  };
  Error.prepareStackTrace = (error, frames) =>
    error.message === "" && error.constructor === Error
      ? `${head}${frames.map(render).join("")}`
      : mapped(error, frames);
}

module.exports = { mapFramesOnce };
