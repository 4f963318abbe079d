/** Told what a work is while it is waited for; gives what it gives. */
export type Progress = <Result>(label: string, work: Promise<Result>) => Promise<Result>;

/** Tells nothing. */
export const untold: Progress = (_label, work) => work;
