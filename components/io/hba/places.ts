/** The files of a change, all in the directory of `hba_file`, so that each step is a rename. */
export interface HbaPlaces {
  /** `hba_file`. */
  readonly file: string;
  /**
   * The rules before, as long as the new ones are not proven: whoever removes this file, or moves it back, has decided
   * the change.
   */
  readonly previous: string;
  /** What is being written: nobody reads it. */
  readonly draft: string;
}

export function hbaPlaces(file: string): HbaPlaces {
  return { file, previous: `${file}.pgstead-previous`, draft: `${file}.pgstead-draft` };
}
