import type { Pool } from 'pg'
import { showLetterId } from '../../store/ids.ts'
import { compareReleases } from './compare-releases.ts'
import { type LaterLetter, type Scan, scanLetters } from './scan-letters.ts'
import { firstSeen, grownReleases, type Watch } from './watched.ts'

export type Verdict =
  | { readonly kind: 'met'; readonly why: string; readonly details: Readonly<Record<string, unknown>> }
  /** unfinished: there are more letters than one look reads. */
  | { readonly kind: 'not-met' | 'unfinished'; readonly scan?: Scan }

/** Whether what a cause waits for is met. Only reads. */
export async function judgeWatch(pool: Pool, watch: Watch): Promise<Verdict> {
  if (watch.state === 'snoozed') {
    if (watch.isTime === true) return { kind: 'met', why: 'its time has come', details: { by: 'time' } }
    if (watch.isEnough === true) {
      const came = Number(watch.came)
      return { kind: 'met', why: `${came} more letters have come`, details: { by: 'letters', letters: came } }
    }
    if (watch.release === null) return { kind: 'not-met' }
  }
  return watch.release === null ? diedAfterFix(pool, watch) : failedSince(pool, watch, watch.release)
}

/** Fixed by a person's word: what died afterwards says otherwise; what had died before and came late does not. */
async function diedAfterFix(pool: Pool, watch: Watch): Promise<Verdict> {
  const result = await scanLetters(pool, watch, (letters) => letters.find(({ diedAt }) => diedAt > watch.since))
  if (result.kind !== 'found') return unmet(result)
  const letter = showLetterId(result.letter.id)
  return { kind: 'met', why: `${letter} died after the fix`, details: { by: 'letter', letter } }
}

/**
 * A failure of the release or of a newer one. Releases are counted by name in the transaction of their letters, so that what grew since is exact; only those
 * beyond the first thirty of a cause have to be read from the letters. One whose name does not tell is newer if the queue saw it first after this began.
 */
async function failedSince(pool: Pool, watch: Watch, wanted: string): Promise<Verdict> {
  const grown = await grownReleases(pool, watch)
  const named = grown.flatMap(({ value, letters }) => (value === null ? [] : [{ value, letters }]))
  const seen = await firstSeen(
    pool,
    watch.queueId,
    undecided(
      named.map(({ value }) => value),
      wanted,
    ),
  )
  const isNewer = (release: string, before: ReadonlyMap<string, Date>): boolean => {
    // Some workers name it, but with nothing.
    if (release.trim() === '') return false
    const order = compareReleases(release, wanted)
    if (order !== null) return order >= 0
    return release === wanted || (before.get(release) ?? watch.since) >= watch.since
  }
  const hit = named.find(({ value }) => isNewer(value, seen))
  if (hit !== undefined) {
    const { value: release, letters } = hit
    return { kind: 'met', why: whyOf(release, wanted), details: { by: 'release', release, letters } }
  }
  if (named.length === grown.length) return { kind: 'not-met' }
  return scanUnnamed(pool, watch, { wanted, isNewer })
}

async function scanUnnamed(
  pool: Pool,
  watch: Watch,
  options: {
    readonly wanted: string
    readonly isNewer: (release: string, seen: ReadonlyMap<string, Date>) => boolean
  },
): Promise<Verdict> {
  const { wanted, isNewer } = options
  const named = await namedReleases(pool, watch.causeId)
  const result = await scanLetters(pool, watch, async (letters) => {
    const candidates = letters.filter((letter): letter is LaterLetter & { release: string } => {
      return letter.release !== null && !named.has(letter.release)
    })
    const unclear = undecided(
      candidates.map(({ release }) => release),
      wanted,
    )
    if (unclear.length === 0) return candidates.find(({ release }) => isNewer(release, new Map()))
    const seen = new Map([
      ...(await firstSeen(pool, watch.queueId, unclear)),
      ...(await seenBefore(pool, watch, unclear)),
    ])
    return candidates.find(({ release }) => isNewer(release, seen))
  })
  if (result.kind !== 'found') return unmet(result)
  const release = result.letter.release ?? ''
  const letter = showLetterId(result.letter.id)
  return { kind: 'met', why: whyOf(release, wanted), details: { by: 'release', release, letter } }
}

const undecided = (releases: readonly string[], wanted: string): readonly string[] => [
  ...new Set(releases.filter((release) => compareReleases(release, wanted) === null)),
]

async function namedReleases(pool: Pool, causeId: string): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ value: string }>(
    `select value from cause_facet where cause_id = $1 and facet = 'release' and value is not null`,
    [causeId],
  )
  return new Set(rows.map(({ value }) => value))
}

/** Of releases that are not counted by name: those of the last letters from before. */
async function seenBefore(
  pool: Pool,
  { causeId, scanFrom, known }: Watch,
  releases: readonly string[],
): Promise<ReadonlyMap<string, Date>> {
  const { rows } = await pool.query<{ release: string }>(
    `select distinct c.release from (
       (select id from letter where cause_id = $1 and id <= $2 order by id desc limit 2000) union all select unnest($3::uuid[])
     ) as l join letter_content c on c.id = l.id where c.release = any($4)`,
    [causeId, scanFrom, known, releases],
  )
  return new Map(rows.map(({ release }) => [release, new Date(0)]))
}

function whyOf(release: string, wanted: string): string {
  return release === wanted ? `release ${release} fails` : `release ${release} fails, which is ${wanted} or newer`
}

const unmet = ({ kind, scan }: { readonly kind: 'through' | 'unfinished'; readonly scan: Scan }): Verdict => ({
  kind: kind === 'through' ? 'not-met' : 'unfinished',
  scan,
})
