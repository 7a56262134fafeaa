import { judgeKeeping, type SourceExpiry } from '../../expiry/index.ts'
import type { HygieneFacts } from '../judge-hygiene.ts'

interface Named {
  readonly broker: string
  readonly place: string
}

/** How a queue's sources kept what was not captured yet. */
export function keepingOf(
  sources: readonly Named[],
  known: {
    readonly expiry: readonly SourceExpiry[]
    /** Within the span. */
    readonly losses: readonly (Named & { readonly role: string; readonly positions: number })[]
  },
): Pick<HygieneFacts, 'lostAtSource' | 'keptBriefly'> {
  const isOurs = (each: Named): boolean =>
    sources.some(({ broker, place }) => each.broker === broker && each.place === place)
  const lost = known.losses.filter((loss) => loss.role === 'dead-letter' && isOurs(loss))
  return {
    lostAtSource: lost.reduce((sum, { positions }) => sum + positions, 0),
    keptBriefly: known.expiry.filter(isOurs).flatMap(({ broker, place, expiry }) =>
      expiry === null
        ? []
        : judgeKeeping(expiry.keeps).map((how) => ({
            why: `${place} on ${broker} ${how}`,
            longer: expiry.keeps.longer,
          })),
    ),
  }
}
