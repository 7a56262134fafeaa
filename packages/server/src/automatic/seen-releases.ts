import type { Pool, PoolClient } from 'pg'
import { compareReleases } from '../causes/index.ts'

const newestSamples = 500

/**
 * Whether a release or a newer one was seen at work in a queue: among the newest messages that workers of the consumer say they handled, or that died there.
 * Where names do not tell which is newer, only the release itself is.
 */
export async function isSeen(
  client: Pool | PoolClient,
  of: { readonly queueId: number; readonly consumer: string | null; readonly release: string },
): Promise<boolean> {
  const { rows } = await client.query<{ release: string }>(
    `select distinct f.value as release from cause_facet f join cause c on c.id = f.cause_id
      where c.queue_id = $1 and c.consumer is not distinct from $2 and f.facet = 'release' and f.value is not null`,
    [of.queueId, of.consumer],
  )
  const samples = await client.query<{ content: string }>(
    `select content from traffic_sample where queue_id = $1 and ($2::text is null or consumer = $2) order by at desc limit ${newestSamples}`,
    [of.queueId, of.consumer],
  )
  const handled = new Set(samples.rows.map(({ content }) => releaseIn(content)))
  return [...rows.map(({ release }) => release), ...handled].some(
    (release) => release !== null && release.trim() !== '' && isThatOrNewer(release, of.release),
  )
}

function isThatOrNewer(release: string, wanted: string): boolean {
  const order = compareReleases(release, wanted)
  return order === null ? release === wanted : order >= 0
}

function releaseIn(content: string): string | null {
  const { release } = JSON.parse(content) as { readonly release?: unknown }
  return typeof release === 'string' ? release : null
}
