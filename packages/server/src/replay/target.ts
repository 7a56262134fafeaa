import { type Broker, type Capabilities, RedriveError } from '@redrive/worker'
import type { Pool } from 'pg'
import type { ChosenPlace } from './destination.ts'

/** What planning may ask a connection; it is given no way to send. */
export type PlanningBroker = Pick<Broker, 'system' | 'capabilities' | 'describe'>

/** A place that this office is told to capture from. */
export interface Intake extends ChosenPlace {
  readonly role: 'dead-letter' | 'receipts'
}

/** A place that was chosen as destination and is there. */
export interface Target extends ChosenPlace {
  readonly system: string
  readonly capabilities: Capabilities
  /** Who reads there as far as its broker tells, 20 at most. */
  readonly consumers: readonly string[]
  /** What its broker says of it, 10 sentences at most. */
  readonly facts: readonly string[]
}

/**
 * Looks whether letters may be sent to a place: it is there, and nothing that arrives in it is captured as dead again.
 *
 * @param options.intakes beside those that were ever captured from, by any office of this database
 * @throws REQUEST_INVALID with what there is instead, BROKER_UNREACHABLE
 */
export async function targetOf(
  pool: Pool,
  { broker: name, place }: ChosenPlace,
  options: { readonly brokers: ReadonlyMap<string, PlanningBroker>; readonly intakes: readonly Intake[] },
): Promise<Target> {
  const { brokers, intakes } = options
  const broker = brokers.get(name)
  if (broker === undefined) {
    throw new RedriveError('REQUEST_INVALID', `The office has no connection named ${JSON.stringify(name)}.`, {
      hint: `It has: ${[...brokers.keys()].toSorted().join(', ')}. Name one of them, or add it to redrive.yaml.`,
    })
  }
  const system = broker.system
  const own = intakes.find((each) => each.place === place && brokers.get(each.broker)?.system === system)
  refuseLoop({ broker: name, place }, own ?? (await capturedFrom(pool, { system, place, broker: name })))
  const described = Buffer.byteLength(place) > maxPlaceBytes ? null : await broker.describe(place)
  if (described === null || !described.exists) {
    const known = await placesOf(pool, name, broker)
    throw new RedriveError('REQUEST_INVALID', `There is no place ${JSON.stringify(place)} on ${name}.`, {
      hint: `${known.length === 0 ? '' : `On ${name} there are, among others: ${known.map((each) => JSON.stringify(each)).join(', ')}. `}Create it there first, or name another.`,
    })
  }
  return {
    broker: name,
    place,
    system: broker.system,
    capabilities: broker.capabilities,
    consumers: described.consumers.slice(0, 20).map((consumer) => consumer.slice(0, 200)),
    facts: described.facts.slice(0, 10).map((fact) => fact.slice(0, 500)),
  }
}

/** The longest name that every broker takes. */
const maxPlaceBytes = 249
/** Names that say that nobody handles what is in there. */
const deadLetterName = /(?:^|[-_.])(?:dead[-_.]?letters?|dlq|dlt)$/i

/** Two connections may lead to one server, so the name of a place that is captured anywhere of that system is refused everywhere. */
async function capturedFrom(
  pool: Pool,
  { system, place, broker }: ChosenPlace & { readonly system: string },
): Promise<Intake | undefined> {
  const { rows } = await pool.query<Intake>(
    'select broker, place, role from source where system = $1 and place = $2 order by broker = $3 desc limit 1',
    [system, place, broker],
  )
  return rows[0]
}

function refuseLoop({ broker, place }: ChosenPlace, intake: Intake | undefined): void {
  const why =
    intake !== undefined
      ? `The office captures ${intake.role === 'receipts' ? 'receipts' : 'dead letters'} from it (connection ${intake.broker}), so the letters would come straight back.`
      : deadLetterName.test(place)
        ? 'By its name it holds dead letters: nobody would handle them there.'
        : null
  if (why === null) return
  throw new RedriveError('REQUEST_INVALID', `Letters are not sent to ${JSON.stringify(place)} on ${broker}. ${why}`, {
    hint: 'Name a place whose messages somebody handles.',
  })
}

/** Places of that connection that letters came from and that are there: letters may say of themselves whatever they like. */
async function placesOf(pool: Pool, name: string, broker: PlanningBroker): Promise<readonly string[]> {
  const { rows } = await pool.query<{ place: string }>(
    `select place from queue where broker = $1 and not exists (select from source where source.broker = $1 and source.place = queue.place)
     order by created_at limit 10`,
    [name],
  )
  const described = await Promise.all(
    rows.map(async ({ place }) => ({
      place,
      exists: (await broker.describe(place).catch(() => null))?.exists === true,
    })),
  )
  return described.flatMap(({ place, exists }) => (exists ? [place] : []))
}
