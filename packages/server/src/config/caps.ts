import { type TSchema, Type } from 'typebox'

/** What happens when a queue has come to its cap. Neither loses a letter. */
export const capActions = ['push-back', 'archive'] as const
export type CapAction = (typeof capActions)[number]

/** What becomes of open letters where archiving those that are done with does not suffice. */
export const capOpenActions = ['keep', 'archive-looked-at'] as const
export type CapOpenAction = (typeof capOpenActions)[number]

/** How much a queue keeps. What a queue leaves out is the office's. */
export interface CapDocument {
  /** Letters that are here, whatever their state; archived ones are not. @default no cap */
  readonly letters?: number
  /** Their bytes as they were captured, as `10GiB`. @default no cap */
  readonly bytes?: string
  /** `push-back`: more wait at their sources. `archive`: the oldest that are done with go to the archive before; more wait when there are none. @default 'push-back' */
  readonly whenReached?: CapAction
  /** With `archive`: `archive-looked-at` takes open letters of causes that somebody has looked at, too. @default 'keep' */
  readonly open?: CapOpenAction
}

/** The same with nothing left out; `null`: no cap. */
export interface CapPolicy {
  readonly letters: number | null
  readonly bytes: number | null
  readonly whenReached: CapAction
  readonly open: CapOpenAction
}

export const noCap: CapPolicy = { letters: null, bytes: null, whenReached: 'push-back', open: 'keep' }

/** Its fields by their paths, as a queue's document has them. */
export const capFields = ['most.letters', 'most.bytes', 'most.whenReached', 'most.open'] as const
type CapField = (typeof capFields)[number]

const sizePattern = '^[1-9][0-9]{0,3} ?(MiB|GiB|TiB)$'
const unitBytes = { MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const

/** @param wrap makes a field what it is there: optional, or also `null` */
export function capShape(wrap: (schema: TSchema) => TSchema): TSchema {
  return Type.Object(
    {
      letters: wrap(
        Type.Integer({ minimum: 1, maximum: 1_000_000_000_000, description: 'Letters a queue keeps at most.' }),
      ),
      bytes: wrap(
        Type.String({
          pattern: sizePattern,
          description: 'Bytes of its letters as they were captured, at most: a number and MiB, GiB or TiB.',
        }),
      ),
      whenReached: wrap(
        Type.Enum([...capActions], {
          description:
            'push-back: more letters wait at their sources. archive: the oldest that are done with are archived before; where that does not suffice more wait; default push-back.',
        }),
      ),
      open: wrap(
        Type.Enum([...capOpenActions], {
          description:
            'With archive: archive-looked-at takes open letters of causes that somebody has looked at, too; default keep.',
        }),
      ),
    },
    { additionalProperties: false, description: 'How much each queue keeps; nothing is deleted for it.' },
  )
}

/** By `capFields`, as text; `null` where a change takes one back, and what is left out is left out. */
export function flatCap(most: object | undefined): readonly (readonly [CapField, string | null])[] {
  const given = (most ?? {}) as Readonly<Record<string, string | number | null | undefined>>
  return capFields.flatMap((field) => {
    const value = given[field.slice('most.'.length)]
    return value === undefined ? [] : [[field, value === null ? null : String(value)] as const]
  })
}

/** What counts for a queue. @param said by field, as text */
export function capOf(said: (field: CapField) => string | undefined, office: CapPolicy): CapPolicy {
  const letters = said('most.letters')
  const bytes = said('most.bytes')
  return {
    letters: letters === undefined ? office.letters : Number(letters),
    bytes: bytes === undefined ? office.bytes : sizeOf(bytes),
    whenReached: capActions.find((each) => each === said('most.whenReached')) ?? office.whenReached,
    open: capOpenActions.find((each) => each === said('most.open')) ?? office.open,
  }
}

/** What the office itself says, with the defaults. */
export function withCapDefaults(given: CapDocument | undefined): CapPolicy {
  const said = new Map(flatCap(given))
  return capOf((field) => said.get(field) ?? undefined, noCap)
}

/** How much of a cap is taken, by letters or by bytes, whichever is more; 1: all of it; 0 where there is none. */
export function shareOf(kept: { readonly letters: number; readonly bytes: number }, cap: CapPolicy): number {
  const of = (is: number, most: number | null): number => (most === null ? 0 : is / most)
  return Math.max(0, of(kept.letters, cap.letters), of(kept.bytes, cap.bytes))
}

function sizeOf(text: string): number {
  const [, number = '', unit = 'MiB'] = /^(\d+) ?(\w+)$/.exec(text) ?? []
  return Number(number) * unitBytes[unit as keyof typeof unitBytes]
}
