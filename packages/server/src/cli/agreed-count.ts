import { createInterface } from 'node:readline/promises'
import { RedriveError } from '@redrive/worker'

/**
 * How many letters somebody agreed to; `null` for no. Without a terminal the number has to be said.
 * @throws OPTION_INVALID
 */
export async function agreedCount(
  ask: { readonly question: string; readonly count: number; readonly command: string },
  options: { readonly yes?: boolean; readonly expect?: number },
): Promise<number | null> {
  if (options.expect !== undefined && options.yes) return options.expect
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new RedriveError('OPTION_INVALID', 'Without a terminal to ask on, --yes and --expect are needed.', {
      hint: `${ask.command} --yes --expect ${ask.count}`,
    })
  }
  if (options.yes) return ask.count
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await prompt.question(`${ask.question} [y/N] `)
  prompt.close()
  return /^y(es)?$/i.test(answer.trim()) ? ask.count : null
}
