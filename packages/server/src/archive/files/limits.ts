/** Rows of a row group: what is read for one letter. */
export const maxGroupRows = 1_000

/** Of a letter with all its versions, as they stand in the files. What is larger cannot be archived, and nothing larger is read. */
export const maxLetterBytes: number = 256 * 1024 * 1024
