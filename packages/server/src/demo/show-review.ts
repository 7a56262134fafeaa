import type { Narrator } from './narrator.ts'
import type { Scenario } from './scenario.ts'

/** The sentence of the review, and what it wants somebody to decide first. */
export async function showReview(
  { api }: Scenario,
  { narrator, command }: { readonly narrator: Narrator; readonly command: string },
): Promise<void> {
  const { headline, decisions } = await api.review()
  narrator.chapter('The review of the week')
  narrator.say(headline)
  for (const { what, why } of decisions.shown.slice(0, 2)) narrator.say(`to decide: ${what}: ${why}`)
  narrator.say(`the whole of it: ${command} review`)
}
