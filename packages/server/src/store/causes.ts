import type { Tier } from '@redrive/worker'
import type pg from 'pg'
import { storableJson, storableText } from './copy-binary.ts'

/** What a batch adds to one cause. */
export interface CauseAddition {
  readonly id: bigint
  readonly queueId: number
  readonly consumer: string | null
  readonly tier: Tier
  readonly title: string
  readonly errorClass: string | null
  readonly template: string | null
  readonly fingerprintVersion: number
  readonly fingerprintKey: Uint8Array
  readonly basis: string
  readonly parts: unknown
  /** The rule that makes it; `null`: the algorithm. */
  readonly ruleId: string | null
  readonly sampleLetter: string
  /** 0: it only has to be there. */
  letters: number
  firstSeenMs: number
  lastSeenMs: number
  /** Epoch milliseconds of an hour's start → letters. */
  readonly hours: Map<number, number>
  /** `release` or `host`, a space, the value → letters. */
  readonly facets: Map<string, number>
}

/** Values of a facet kept by name for one cause; the rest is counted under null. */
const maxFacetValues = 30

/**
 * Counts the letters of a batch on their causes: a statement each for causes, hours and facets, rows always locked in the order of ids.
 * Whether a letter changes the state of its cause is found out afterwards (`causes/life/`), from these very counts.
 * @returns ids of causes that are new
 */
export async function addToCauses(
  client: pg.PoolClient,
  additions: readonly CauseAddition[],
): Promise<readonly bigint[]> {
  const sorted = additions.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const made = await upsertCauses(client, sorted)
  await addHours(client, sorted)
  await addFacets(client, sorted)
  return made
}

async function upsertCauses(client: pg.PoolClient, causes: readonly CauseAddition[]): Promise<readonly bigint[]> {
  const { rows } = await client.query<{ id: string; made: boolean }>({
    name: 'upsert-causes',
    text: `
      insert into cause as c (id, queue_id, consumer, tier, title, error_class, template, fingerprint_version, fingerprint_key, basis, parts,
                              first_seen, last_seen, letters, sample_letter, rule_id, first_letter)
      select *, sample_letter from unnest($1::bigint[], $2::int[], $3::text[], $4::tier[], $5::text[], $6::text[], $7::text[], $8::int[], $9::bytea[], $10::text[],
                           $11::jsonb[], $12::timestamptz[], $13::timestamptz[], $14::bigint[], $15::uuid[], $16::uuid[]) as came (id, queue_id, consumer, tier, title,
                           error_class, template, fingerprint_version, fingerprint_key, basis, parts, first_seen, last_seen, letters, sample_letter, rule_id)
      on conflict (id) do update
         set letters = c.letters + excluded.letters, first_seen = least(c.first_seen, excluded.first_seen),
             last_seen = greatest(c.last_seen, excluded.last_seen), sample_letter = excluded.sample_letter
         where excluded.letters > 0
      returning c.id, xmax = 0 and c.letters > 0 as made`,
    values: [
      causes.map(({ id }) => id.toString()),
      causes.map(({ queueId }) => queueId),
      causes.map(({ consumer }) => textOrNull(consumer)),
      causes.map(({ tier }) => tier),
      causes.map(({ title }) => storableText(title)),
      causes.map(({ errorClass }) => textOrNull(errorClass)),
      causes.map(({ template }) => textOrNull(template)),
      causes.map(({ fingerprintVersion }) => fingerprintVersion),
      causes.map(({ fingerprintKey }) => fingerprintKey),
      causes.map(({ basis }) => basis),
      causes.map(({ parts }) => storableJson(parts)),
      causes.map(({ firstSeenMs }) => new Date(firstSeenMs)),
      causes.map(({ lastSeenMs }) => new Date(lastSeenMs)),
      causes.map(({ letters }) => letters),
      causes.map(({ sampleLetter }) => sampleLetter),
      causes.map(({ ruleId }) => ruleId),
    ],
  })
  return rows.filter(({ made }) => made).map(({ id }) => BigInt(id))
}

export async function addHours(
  client: pg.PoolClient,
  causes: readonly Pick<CauseAddition, 'id' | 'hours'>[],
): Promise<void> {
  const hours = causes.flatMap(({ id, hours }) =>
    [...hours].toSorted(([a], [b]) => a - b).map(([ms, letters]) => ({ id, ms, letters })),
  )
  await client.query({
    name: 'add-cause-hours',
    text: `
      insert into cause_hour as h (cause_id, hour, letters) select * from unnest($1::bigint[], $2::timestamptz[], $3::bigint[])
      on conflict (cause_id, hour) do update set letters = h.letters + excluded.letters`,
    values: [
      hours.map(({ id }) => id.toString()),
      hours.map(({ ms }) => new Date(ms)),
      hours.map(({ letters }) => letters),
    ],
  })
}

export async function addFacets(
  client: pg.PoolClient,
  causes: readonly Pick<CauseAddition, 'id' | 'firstSeenMs' | 'lastSeenMs' | 'facets'>[],
): Promise<void> {
  const facets = causes.flatMap(({ id, firstSeenMs, lastSeenMs, facets }) =>
    [...facets]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, letters]) => {
        const space = name.indexOf(' ')
        return {
          id,
          facet: name.slice(0, space),
          value: storableText(name.slice(space + 1)),
          letters,
          firstSeenMs,
          lastSeenMs,
        }
      }),
  )
  if (facets.length === 0) return
  await client.query({
    name: 'add-cause-facets',
    text: `
      with incoming as (
        select i.*, k.value is not null as known,
               row_number() over (partition by i.cause_id, i.facet, k.value is not null order by i.letters desc, i.value)
                 + (select count(*) from cause_facet n where n.cause_id = i.cause_id and n.facet = i.facet and n.value is not null) as place
          from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[], $6::timestamptz[])
            as i (cause_id, facet, value, letters, first_seen, last_seen)
          left join cause_facet k on k.cause_id = i.cause_id and k.facet = i.facet and k.value = i.value
      )
      insert into cause_facet as f (cause_id, facet, value, letters, first_seen, last_seen)
      select cause_id, facet, case when known or place <= $7 then value end, sum(letters), min(first_seen), max(last_seen)
        from incoming group by 1, 2, 3 order by 1, 2, 3
      on conflict (cause_id, facet, value) do update
         set letters = f.letters + excluded.letters, first_seen = least(f.first_seen, excluded.first_seen),
             last_seen = greatest(f.last_seen, excluded.last_seen)`,
    values: [
      facets.map(({ id }) => id.toString()),
      facets.map(({ facet }) => facet),
      facets.map(({ value }) => value),
      facets.map(({ letters }) => letters),
      facets.map(({ firstSeenMs }) => new Date(firstSeenMs)),
      facets.map(({ lastSeenMs }) => new Date(lastSeenMs)),
      maxFacetValues,
    ],
  })
}

function textOrNull(text: string | null): string | null {
  return text === null ? null : storableText(text)
}
