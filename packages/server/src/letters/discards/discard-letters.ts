import type { Store } from '../../store/store.ts'
import { lockForBulk } from '../bulk-lock.ts'
import { checkSaid, type DiscardRequest, type Frozen, freezeLetters } from './plan-discard.ts'
import { endLetters, refuseOtherCount } from './run-discard.ts'

/**
 * Ends open, held or uncertain letters on purpose, at once. Their bytes stay until retention takes them.
 * @param request.expect how many letters the caller believes it is about; another number ends none
 * @throws REQUEST_INVALID without a reason and a name, PLAN_STALE, QUERY_INVALID, NOT_FOUND
 */
export async function discardLetters(
  store: Store,
  request: DiscardRequest & { readonly expect?: number },
): Promise<Frozen> {
  checkSaid(request)
  return store.transaction(async (client) => {
    await lockForBulk(client)
    const frozen = await freezeLetters(client, request, { isLocked: true })
    refuseOtherCount(frozen.letters, request.expect)
    await endLetters(client, { ...request, discard: frozen.id, letters: frozen.letters })
    return frozen
  })
}
