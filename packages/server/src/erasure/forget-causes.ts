import { type Fingerprint, type FingerprintInput, fingerprint } from '@redrive/worker/fingerprint'
import type { PoolClient } from 'pg'
import { storableJson, storableText } from '../store/copy-binary.ts'
import { noteTexts } from './plan-erasure.ts'
import { erasedWord } from './without.ts'

/** So many of the letters that stay are asked what they show. */
const looked = 200
/** Of a class: what its writer chose, not what a letter says. */
const className = /^[A-Za-z_$][\w.$:\\]{0,99}$/

export interface ErasedText {
  /** UUID. */
  readonly id: string
  readonly causeId: string
  readonly input: FingerprintInput
}

/**
 * A cause is named, and known again, by what its first letters said. What no letter shows any more that stays is taken out of its title, its template
 * and the shapes it is found by; it gets those of a letter that stays. In the transaction that ends the letters, after them, for many share a cause.
 */
export async function forgetCauses(
  client: PoolClient,
  options: {
    readonly erasure: string
    readonly letters: readonly ErasedText[]
    /** Of `homesOf`, from before they ended. */
    readonly homes: ReadonlyMap<string, string>
  },
): Promise<void> {
  const { erasure, letters, homes } = options
  const causes = new Map<string, FingerprintInput[]>()
  const note = (cause: string, input: FingerprintInput): unknown =>
    causes.set(cause, [...(causes.get(cause) ?? []), input])
  for (const { id, causeId, input } of letters) {
    note(causeId, input)
    const home = homes.get(id)
    if (home !== undefined) note(home, input)
  }
  for (const [cause, inputs] of [...causes].toSorted(([a], [b]) => (BigInt(a) < BigInt(b) ? -1 : 1)))
    await forgetCause(client, { erasure, cause, inputs })
}

/** The causes that the algorithm found, of letters that a rule led elsewhere. */
export async function homesOf(
  client: PoolClient,
  letters: readonly { readonly id: string }[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ letter_id: string; cause_id: string }>(
    'select letter_id, cause_id::text from letter_home where letter_id = any($1::uuid[])',
    [letters.map(({ id }) => id)],
  )
  return new Map(rows.map(({ letter_id, cause_id }) => [letter_id, cause_id]))
}

async function forgetCause(
  client: PoolClient,
  of: { readonly erasure: string; readonly cause: string; readonly inputs: readonly FingerprintInput[] },
): Promise<void> {
  const { erasure, cause, inputs } = of
  const stay = await thatStay(client, erasure, cause)
  const shown = stay.map(({ input }) => fingerprint(input))
  await forgetShapes(client, cause, { gone: inputs.map(fingerprint), shown })
  const { rows } = await client.query<{
    title: string
    template: string | null
    error_class: string | null
    rule: string | null
  }>('select title, template, error_class, rule_id as rule from cause where id = $1', [cause])
  const [was] = rows
  // A rule's causes are named by people; where a value stands in the title, it is looked for as all texts are.
  if (was === undefined || was.rule !== null || shown.some(({ title }) => title === was.title)) return
  const [first] = shown
  const bare = first ?? nameless(was.error_class, inputs[0])
  if (bare.title === was.title) return
  await client.query(
    `update cause set title = $2, template = $3, parts = $4, sample_letter = coalesce($5::uuid, sample_letter) where id = $1`,
    [cause, storableText(bare.title), storableText(bare.template), storableJson(bare.parts), stay[0]?.id ?? null],
  )
  const { rowCount } = await client.query(
    `select from cause o where o.title = $2 and o.id <> $1 and exists (
       select from letter l where l.cause_id = o.id and not exists (select from erasure_letter e where e.erasure_id = $3 and e.letter_id = l.id))`,
    [cause, was.title, erasure],
  )
  if (rowCount === 0) await noteTexts(client, erasure, [was.title, ...(was.template === null ? [] : [was.template])])
}

function nameless(
  errorClass: string | null,
  input: FingerprintInput | undefined,
): Pick<Fingerprint, 'title' | 'template' | 'parts'> {
  const name = errorClass !== null && className.test(errorClass) ? `${errorClass}: ` : ''
  const parts = { queue: input?.queue ?? '', consumer: input?.consumer ?? '', basis: erasedWord }
  return { title: `${name}${erasedWord}`, template: erasedWord, parts }
}

async function forgetShapes(
  client: PoolClient,
  cause: string,
  { gone, shown }: { readonly gone: readonly Fingerprint[]; readonly shown: readonly Fingerprint[] },
): Promise<void> {
  const keys = new Set(shown.map(({ key }) => key))
  const said = new Set(shown.flatMap(textsIn))
  const goneKeys = new Set(gone.map(({ key }) => key))
  const goneTexts = new Set(gone.flatMap(textsIn).filter((text) => !said.has(text)))
  const { rows } = await client.query<{ id: string; key: string; shape: Fingerprint['shape'] }>(
    `select id, encode(fingerprint_key, 'hex') as key, shape from cause_shape where cause_id = $1`,
    [cause],
  )
  const forgotten = rows.filter(
    ({ key, shape }) => !keys.has(key) && (goneKeys.has(key) || textsIn({ shape }).some((text) => goneTexts.has(text))),
  )
  if (forgotten.length > 0)
    await client.query('delete from cause_shape where id = any($1::bigint[])', [forgotten.map(({ id }) => id)])
}

function textsIn({ shape }: Pick<Fingerprint, 'shape'>): readonly string[] {
  return [...shape.errors.flatMap(({ template }) => (template === null ? [] : [template])), ...shape.frames]
}

/** The newest letters of the cause that are not erased, as they were when they were grouped. Of archived ones the stack is not here. */
async function thatStay(
  client: PoolClient,
  erasure: string,
  cause: string,
): Promise<readonly { readonly id: string; readonly input: FingerprintInput }[]> {
  const { rows } = await client.query<TextRow>(
    `select l.id, l.cause_id::text, ${textColumns} from (
       (select id from letter h where cause_id = $1 and state <> 'archived' and ${stays('h.id')} order by id desc limit ${looked})
       union (select letter_id from letter_home h where cause_id = $1 and ${stays('h.letter_id')} order by letter_id desc limit ${looked})) as of_cause
       join letter l on l.id = of_cause.id ${textJoins} order by l.id desc limit ${looked}`,
    [cause, erasure],
  )
  return rows.map((row) => ({ id: row.id, input: inputOf(row) }))
}

function stays(id: string): string {
  return `not exists (select from erasure_letter e where e.erasure_id = $2 and e.letter_id = ${id})`
}

export interface TextRow {
  readonly id: string
  readonly cause_id: string
  readonly queue: string
  readonly consumer: string | null
  readonly tier: FingerprintInput['tier'] | null
  readonly error_class: string | null
  readonly message: string | null
  readonly stack: string | null
  readonly reason: string | null
}

/** With `textJoins`, of a letter `l`. */
export const textColumns = `q.name as queue, c.consumer, nullif(ca.tier::text, 'unknown') as tier, c.error_class, c.message, c.stack, c.reason`
export const textJoins =
  'join letter_content c on c.id = l.id join queue q on q.id = l.queue_id join cause ca on ca.id = l.cause_id'

export function inputOf(row: TextRow): FingerprintInput {
  const { queue, consumer, tier, error_class: errorClass, message, stack, reason } = row
  return {
    queue,
    consumer,
    errorClass,
    message,
    stack,
    reason,
    ...(tier === null || tier === undefined ? {} : { tier }),
  }
}
