/** What is left of a letter here once its bytes are in an archive is what it is found and counted by; these go. */
export const slimColumns = ['body', 'headers', 'properties', 'stack'] as const
/** In place of its headers: an empty list, as `store/header-list.ts` writes it. */
export const noHeaders = `'\\x01'::bytea`
