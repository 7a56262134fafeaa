import type { Narrator } from './narrator.ts'
import type { Scenario } from './scenario.ts'

const most = 5

/** The sentence of the review, and what it wants somebody to decide first, each with what to type. */
export async function showReview(
  { api }: Pick<Scenario, 'api'>,
  { narrator, command }: { readonly narrator: Narrator; readonly command: string },
): Promise<void> {
  const { headline, decisions } = await api.review()
  const shown = decisions.shown.slice(0, most)
  narrator.chapter('The review of the week')
  const more = decisions.count - shown.length
  narrator.block([
    headline,
    ...(shown.length > 0 ? ['To decide:'] : []),
    ...shown.flatMap(({ what, why, command: next }, at) => [
      `${at + 1}. ${what}: ${why}`,
      `   ${narrator.typed(next)}`,
    ]),
    `${more > 0 ? `${more} more, and the` : 'The'} whole of it: ${command} review`,
  ])
}
