import type { TunedSetting } from "./machine";

/** The library, and what its settings begin with. */
export const autoExplainLibrary = "auto_explain";

/**
 * The settings that put the plan of every slow statement into the server's log.
 *
 * The library is loaded by sessions (`session_preload_libraries`), which takes a reload, and not by the server at its
 * start (`shared_preload_libraries`), which takes a restart: sessions that are there already go on without it. Nothing is
 * measured beside the whole time, as timing each node of each plan can double what a statement takes.
 *
 * @param milliseconds what a statement has to take
 */
export function explainSlowStatements(milliseconds: number): TunedSetting[] {
  return [
    {
      name: "session_preload_libraries",
      value: autoExplainLibrary,
      reason: "plans of slow statements are logged, from the next login on, without a restart",
    },
    {
      name: "auto_explain.log_min_duration",
      value: `${milliseconds}ms`,
      reason: "what a statement has to take until its plan is logged",
    },
    { name: "auto_explain.log_analyze", value: "off", reason: "timing every node slows every statement" },
    { name: "auto_explain.log_format", value: "json", reason: "programs read it, and one line holds it" },
    {
      name: "auto_explain.log_nested_statements",
      value: "on",
      reason: "a slow function is slow by one of its statements",
    },
    {
      name: "auto_explain.log_parameter_max_length",
      value: "0",
      reason: "values that applications send are not for the log",
    },
  ];
}
