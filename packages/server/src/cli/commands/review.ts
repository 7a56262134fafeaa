import { type GlobalOptions, withOffice } from '../context.ts'
import { printTable } from '../output.ts'

interface Kept {
  readonly week: string
  readonly zone: string
  readonly madeAt: string
  readonly sentAt: string | null
  readonly headline: string
}

export function reviewCommand(
  week: string | undefined,
  options: GlobalOptions & { readonly format?: string; readonly list?: boolean },
): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    if (options.list === true) {
      const { reviews } = await client.get<{ reviews: readonly Kept[] }>('/reviews')
      if (output.json) output.out(JSON.stringify(reviews))
      else if (reviews.length > 0)
        printTable(output, reviews, [
          { title: 'WEEK', value: (kept) => kept.week },
          { title: 'ZONE', value: ({ zone }) => zone },
          { title: 'MADE', value: ({ madeAt }) => minute(madeAt) },
          { title: 'SENT', value: ({ sentAt }) => (sentAt === null ? '–' : minute(sentAt)) },
          { title: 'REVIEW', value: ({ headline }) => headline, max: 120 },
        ])
      if (reviews.length === 0)
        output.say('None is kept yet: that of a week is made when the week is over. Until then: redrive review')
      return
    }
    const format = output.json ? 'json' : (options.format ?? 'text')
    const query = new URLSearchParams({ ...(week === undefined ? {} : { week }), format })
    const review = Buffer.from(await client.bytes(`/review?${query.toString()}`)).toString('utf8')
    output.out(review.trimEnd())
  })
}

function minute(at: string): string {
  return at.slice(0, 16).replace('T', ' ')
}
