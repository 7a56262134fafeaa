import { lookAtCause } from '../../causes/index.ts'
import type { Store } from '../../store/store.ts'

/** Who does something to the letters of a cause has looked at it. */
export async function lookAtSelected(
  store: Store,
  request: { readonly selection: { readonly cause?: string }; readonly letters: number; readonly by: string },
): Promise<void> {
  const { cause } = request.selection
  if (cause !== undefined && request.letters > 0) await lookAtCause(store, { cause, by: request.by })
}
