/** Most bytes of a document that is edited, and of what becomes of it. */
export const maxJsonBytes: number = 8 * 1024 * 1024
/** Deepest nesting; so little that code which goes down with it needs no stack of its own. */
export const maxJsonDepth = 512
/** Most operations of one patch. */
export const maxOperations = 1_000
/** Most bytes of one patch. */
export const maxPatchBytes: number = 1024 * 1024
/** Most bytes that all operations of a patch together may look through: each goes through the document once or twice. */
export const maxWorkBytes: number = 256 * 1024 * 1024
