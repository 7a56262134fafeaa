import type { PoolClient } from 'pg'
import { parseErasureId, showErasureId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { waitsFor } from './end-letters.ts'
import { ownWordsOf } from './own-words.ts'
import { noErasure } from './plan-erasure.ts'
import { lookFor, ownPlaces, settings, textsOf, wordsOfPeople } from './texts.ts'

export interface ErasureView {
  /** `z_…` */
  readonly id: string
  readonly state: 'planned' | 'running' | 'done'
  readonly selectedBy: 'key' | 'query' | 'letters'
  /** Of what was asked for, hexadecimal. */
  readonly selectionSha256: string
  readonly letters: number
  readonly erased: number
  readonly createdAt: string
  readonly createdBy: string
  readonly begunAt: string | null
  readonly begunBy: string | null
  readonly reason: string | null
  readonly alsoWords: boolean
  /** Since when no letter of it is left. */
  readonly lettersGoneAt: string | null
  /** Since when they are in no archive. */
  readonly archivesWrittenAt: string | null
  /** Archives that were written anew. */
  readonly archives: number
  /** Since when nothing that the office wrote names them. */
  readonly textsGoneAt: string | null
  /** Rows in which a text was replaced. */
  readonly texts: number
  /** Since when their bytes are not in the database's files, as far as they were erased then. */
  readonly bytesGoneAt: string | null
  readonly finishedAt: string | null
  /** What the office cannot rid the database's files of. */
  readonly leftToOthers: readonly string[]
  /** Why it did not come further the last time. */
  readonly problem: string | null
}

export type Wait = 'replaying' | 'uncertain' | 'in-line' | 'unsettled'

export interface Mention {
  /** Table and column. */
  readonly place: string
  readonly rows: number
}

export interface ErasureDetail extends ErasureView {
  /** Letters that are still here. */
  readonly left: readonly { readonly queue: string; readonly state: string; readonly letters: number }[]
  /** Of these, those that cannot be erased at this moment, and why. */
  readonly waiting: readonly { readonly why: Wait; readonly letters: number }[]
  /** Where they came from: what still lies there is not touched. */
  readonly sources: readonly {
    readonly broker: string
    readonly system: string
    readonly place: string
    readonly letters: number
  }[]
  /** Elsewhere; none once it is done, for what was looked for is forgotten then. */
  readonly mentions: {
    /** In what the office wrote: they go. */
    readonly office: readonly Mention[]
    /** In what people wrote: they go if the erasure says so. */
    readonly people: readonly Mention[]
    /** In what people told the office to do: they stay. */
    readonly settings: readonly Mention[]
  }
  readonly notes: readonly Note[]
}

/**
 * `own-words-stay`: a text that is looked for is a word of the office's own, as the name of a queue or a state, and stays where it is all of a value or
 * stands in a query. `words-find-a-part`: the letters were found by words, which are an index; said when it is planned.
 */
export type Note = 'own-words-stay' | 'words-find-a-part'

/** Newest first. @param options.after `next` of the page before */
export async function listErasures(
  store: Store,
  { limit, after }: { readonly limit: number; readonly after?: string },
): Promise<{ readonly erasures: readonly ErasureView[]; readonly next: string | null }> {
  const { rows } = await store.pool.query<Row>(
    `select * from erasure where $2::uuid is null or (created_at, id) < (select created_at, id from erasure where id = $2)
     order by created_at desc, id desc limit $1`,
    [limit + 1, after === undefined ? null : parseErasureId(after)],
  )
  const erasures = rows.slice(0, limit).map(viewOf)
  return { erasures, next: rows.length > limit ? (erasures.at(-1)?.id ?? null) : null }
}

/** @param id UUID. @throws NOT_FOUND */
export async function showErasure(store: Store, id: string): Promise<ErasureDetail> {
  return store.transaction(
    async (client) => {
      const { rows } = await client.query<Row>('select * from erasure where id = $1', [id])
      const [row] = rows
      if (row === undefined) throw noErasure()
      const left = await client.query<ErasureDetail['left'][number]>(
        `select q.name as queue, l.state::text, count(*)::int as letters from erasure_letter e join letter l on l.id = e.letter_id
           join queue q on q.id = l.queue_id where e.erasure_id = $1 group by 1, 2 order by 1, 2`,
        [id],
      )
      const waiting = await client.query<ErasureDetail['waiting'][number]>(
        `select why, count(*)::int as letters from (
           select ${waitsFor} as why from erasure_letter e join letter l on l.id = e.letter_id where e.erasure_id = $1) w
          where why is not null group by 1 order by 1`,
        [id],
      )
      const sources = await client.query<ErasureDetail['sources'][number]>(
        `select s.broker, s.system, s.place, count(*)::int as letters from erasure_letter e join letter_ever l on l.id = e.letter_id
           join source s on s.id = l.source_id where e.erasure_id = $1 group by 1, 2, 3 order by 1, 3`,
        [id],
      )
      const elsewhere = await elsewhereOf(client, id)
      return { ...viewOf(row), left: left.rows, waiting: waiting.rows, sources: sources.rows, ...elsewhere }
    },
    { isolation: 'repeatable read', readOnly: true },
  )
}

async function elsewhereOf(client: PoolClient, id: string): Promise<Pick<ErasureDetail, 'mentions' | 'notes'>> {
  const texts = await textsOf(client, id)
  const ownWords = await ownWordsOf(client)
  const look = (places: typeof ownPlaces) => lookFor(client, { texts, ownWords, places, takeOut: false })
  return {
    mentions: { office: await look(ownPlaces), people: await look(wordsOfPeople), settings: await look(settings) },
    notes: texts.some((said) => ownWords.has(said)) ? ['own-words-stay'] : [],
  }
}

interface Row {
  readonly id: string
  readonly state: ErasureView['state']
  readonly selected_by: ErasureView['selectedBy']
  readonly selection_sha256: Buffer
  readonly letters: number
  readonly erased: number
  readonly created_at: Date
  readonly created_by: string
  readonly begun_at: Date | null
  readonly begun_by: string | null
  readonly reason: string | null
  readonly also_words: boolean
  readonly letters_at: Date | null
  readonly archives_at: Date | null
  readonly archives: number
  readonly texts_at: Date | null
  readonly texts: number
  readonly bytes_at: Date | null
  readonly finished_at: Date | null
  readonly left_to_others: readonly string[]
  readonly problem: string | null
}

function viewOf(row: Row): ErasureView {
  const time = (at: Date | null): string | null => at?.toISOString() ?? null
  const { state, letters, erased, reason, archives, texts, problem } = row
  return {
    id: showErasureId(row.id),
    state,
    selectedBy: row.selected_by,
    selectionSha256: row.selection_sha256.toString('hex'),
    letters,
    erased,
    createdAt: row.created_at.toISOString(),
    createdBy: row.created_by,
    begunAt: time(row.begun_at),
    begunBy: row.begun_by,
    reason,
    alsoWords: row.also_words,
    lettersGoneAt: time(row.letters_at),
    archivesWrittenAt: time(row.archives_at),
    archives,
    textsGoneAt: time(row.texts_at),
    texts,
    bytesGoneAt: time(row.bytes_at),
    finishedAt: time(row.finished_at),
    leftToOthers: row.left_to_others,
    problem,
  }
}
