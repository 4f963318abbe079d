/** Something that is not as it should be, and that a look at the server showed. */
export interface Finding {
  /** What it is about, such as `schema shop.api`. */
  readonly subject: string;
  /** In lower case and without a full stop. */
  readonly message: string;
  readonly hint: string;
  /** Absent: a warning. Critical: the service is not there, or soon will not be. */
  readonly severity?: "warning" | "critical";
}
