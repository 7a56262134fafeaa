/** What a handler may return instead of throwing. Returning nothing, or any other value, means handled. */
export type HandlerOutcome =
  | { readonly kind: 'handled' }
  | { readonly kind: 'retry'; readonly delayMs: number; readonly cause?: unknown }
  | { readonly kind: 'discard'; readonly reason: string }
  | { readonly kind: 'dead'; readonly cause: unknown }
