import { createHash } from 'node:crypto'
import { readArchived } from '../../packages/server/src/archive/index.ts'
import { checkLedger } from '../../packages/server/src/ledger/index.ts'
import { halves } from './halves.ts'
import type { Operation } from './operation.ts'
import { deadLetters, lane, type Scene } from './scene.ts'
import { jobsIn } from './within-broker.ts'

/** Something that is not as it was promised. */
export interface Wrong {
  readonly kind: 'lost' | 'duplicated' | 'unaccounted' | 'half' | 'unintended' | 'stuck'
  readonly what: string
}

/** What holds at every instant, also while the dead process lies there: nothing is half done, and nothing was sent that was not intended. */
export async function checkCrashed(scene: Scene): Promise<readonly Wrong[]> {
  const { unaccounted } = await checkLedger(scene.store)
  const half = await halves(scene.store)
  const sends = await sendsOf(scene)
  const unreadable = await unreadableArchived(scene)
  return [
    ...unreadable,
    ...(unaccounted === 0
      ? []
      : [{ kind: 'unaccounted', what: `${unaccounted} letters are unaccounted for` } as const]),
    ...half.map((what) => ({ kind: 'half', what }) as const),
    ...sends
      .filter(({ letter }) => letter === null)
      .map(({ replayId }) => ({ kind: 'unintended', what: `${replayId} was sent, and no intent says so` }) as const),
  ]
}

/** What holds once somebody has gone on: besides, nothing is lost, doubled or left lying. */
export async function checkRecovered(scene: Scene, operation: Operation): Promise<readonly Wrong[]> {
  const parts = [checkCrashed(scene), lost(scene), leftBehind(scene), misjudged(scene), leftLying(scene, operation)]
  return (await Promise.all(parts)).flat()
}

/** Every message that died is exactly one letter, and acknowledged. Of those that were erased no hash is left: as many may be missing. */
async function lost({ store, broker }: Scene): Promise<readonly Wrong[]> {
  const { rows } = await store.pool.query<{ sha256: string | null }>(
    `select encode(body_sha256, 'hex') as sha256 from letter join letter_content using (id)
     union all select encode(body_sha256, 'hex') from tombstone`,
  )
  const keptAs = Map.groupBy(rows, ({ sha256 }) => sha256)
  let erased = keptAs.get(null)?.length ?? 0
  const died = Map.groupBy(broker.held(deadLetters), ({ message }) => hash(message.body ?? Buffer.alloc(0)))
  return [...died].flatMap(([body, messages]): Wrong[] => {
    const letters = keptAs.get(body)?.length ?? 0
    const what = `${messages.length} messages with the hash ${body} are ${letters} letters`
    const missing = messages.length - letters
    if (missing > 0 && missing <= erased) {
      erased -= missing
      return []
    }
    if (letters < messages.length) return [{ kind: 'lost', what }]
    if (letters > messages.length) return [{ kind: 'duplicated', what }]
    return messages.every(({ state }) => state === 'acked') ? [] : [{ kind: 'stuck', what: `${what}, not all settled` }]
  })
}

/** The bytes of every letter are in the office, or in an archive that gives them back. */
async function unreadableArchived({ store, place }: Scene): Promise<readonly Wrong[]> {
  const { rows } = await store.pool.query<{ id: string; state: string; sha256: Buffer; body: Buffer | null }>(
    `select id, state::text, body_sha256 as sha256, body from letter join letter_content using (id)`,
  )
  const wrong: Wrong[] = []
  for (const { id, state, sha256, body } of rows) {
    const found = state === 'archived' ? (await readArchived(store, { place, id }))?.body : body
    const isWhole = found !== undefined && found !== null && hash(found) === sha256.toString('hex')
    if (!isWhole) wrong.push({ kind: 'lost', what: `the bytes of a letter that is ${state} are nowhere` })
  }
  return wrong
}

/** No bytes of letters that were ended, no files that no letter is in, and no passes that go on. */
async function leftBehind({ store, place }: Scene): Promise<readonly Wrong[]> {
  const { rows } = await store.pool.query<{ bytes: number; archives: number; going: number }>(
    `select (select count(*)::int from letter_content c left join letter l using (id) where l.id is null or (l.state = 'archived' and c.body is not null)) as bytes,
       (select count(*)::int from archive) as archives,
       (select count(*)::int from retention_pass where state = 'running') + (select count(*)::int from content_debt) as going`,
  )
  const { bytes = 0, archives = 0, going = 0 } = rows[0] ?? {}
  let files = 0
  for await (const { name } of place.list()) if (name.endsWith('.json')) files += 1
  return [
    ...(bytes === 0 ? [] : [{ kind: 'stuck', what: `bytes of ${bytes} ended letters are still here` } as const]),
    ...(files === archives
      ? []
      : [{ kind: 'stuck', what: `${files} archives lie there, ${archives} are known` } as const]),
    ...(going === 0 ? [] : [{ kind: 'stuck', what: 'a pass of retention goes on, or left something' } as const]),
  ]
}

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** What the office says of each letter against what its broker has. */
async function misjudged(scene: Scene): Promise<readonly Wrong[]> {
  const sends = Map.groupBy(await sendsOf(scene), ({ letter }) => letter)
  const { rows } = await scene.store.pool.query<{ id: string; state: string; marked: boolean }>(
    'select id, state::text, exists (select from possible_duplicate where letter_id = id) as marked from letter',
  )
  return rows.flatMap(({ id, state, marked }): Wrong[] => {
    const times = sends.get(id)?.length ?? 0
    const what = `a letter that is ${state} was sent ${times} times, unmarked`
    if (state === 'replayed' && times === 0) return [{ kind: 'lost', what }]
    // Whoever sends an open one again does not know that it arrived.
    const isDoubled = times > 1 || (state === 'open' && times > 0)
    return isDoubled && !marked ? [{ kind: 'duplicated', what }] : []
  })
}

async function leftLying({ store }: Scene, { ends }: Operation): Promise<readonly Wrong[]> {
  const { rows } = await store.pool.query<{ state: string; letters: number }>(
    'select state::text, count(*)::int as letters from letter group by 1',
  )
  const states = new Map(rows.map(({ state, letters }) => [state, letters]))
  const wrong = [...new Set([...states.keys(), ...Object.keys(ends)])].flatMap((state) => {
    const letters = states.get(state) ?? 0
    return (ends[state] ?? [0]).includes(letters) ? [] : [`${letters} letters are ${state}`]
  })
  const open = await store.pool.query<{ runs: number }>(
    `select count(*)::int as runs from run where state not in ('done', 'cancelled')
       or exists (select from intent where run_id = run.id and noted_at is null)`,
  )
  if (open.rows[0]?.runs !== 0) wrong.push(`${open.rows[0]?.runs} runs are not over`)
  return wrong.map((what) => ({ kind: 'stuck', what }))
}

interface Send {
  readonly replayId: string
  /** UUID; `null` without an intent. */
  readonly letter: string | null
}

async function sendsOf({ store, broker }: Scene): Promise<readonly Send[]> {
  const { rows } = await store.pool.query<{ replay: string; letter: string }>(
    `select replay_id(i.run_id, p.ordinal) as replay, p.letter_id as letter from intent i
     join run on run.id = i.run_id join plan_letter p on p.plan_id = run.plan_id and p.ordinal >= i.from_ordinal and p.ordinal < i.to_ordinal`,
  )
  const letterOf = new Map(rows.map(({ replay, letter }) => [replay, letter]))
  const sent = [...broker.held(lane).map(({ uniqueId = '' }) => uniqueId), ...(await jobsIn(store))]
  return sent.map((uniqueId) => ({ replayId: uniqueId, letter: letterOf.get(uniqueId) ?? null }))
}
