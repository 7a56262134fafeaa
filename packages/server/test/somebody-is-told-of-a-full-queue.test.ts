import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Expiry } from '@redrive/worker'
import { type CapPolicy, noCap } from '../src/config/index.ts'
import { examine, type Finding } from '../src/doctor/index.ts'
import type { SourceExpiry } from '../src/expiry/index.ts'
import { documentQueue } from '../src/queues/index.ts'
import { alertBed } from './alert-bed.ts'
import { commandLine } from './command-line.ts'
import { type OfficeBed, officeBed } from './office-bed.ts'

const hourMs = 3_600_000
const five: CapPolicy = { ...noCap, letters: 5 }

async function fullFindings(
  { store }: OfficeBed,
  {
    most = five,
    expiry = [],
    nowMs = Date.now(),
  }: { most?: CapPolicy; expiry?: readonly SourceExpiry[]; nowMs?: number },
): Promise<readonly Finding[]> {
  const captures = [
    {
      broker: 'memory',
      place: 'orders-dead-letter',
      role: 'dead-letter' as const,
      state: 'paused',
      reason: 'full: orders',
      waitsForRoomIn: ['orders'],
    },
  ]
  const { findings } = await examine(store, {
    unaccounted: 0,
    captures,
    most,
    expiry,
    disk: null,
    olderThanDays: 7,
    nowMs,
  })
  assert.deepEqual(
    findings.filter(({ code }) => code === 'source-in-trouble'),
    [],
    'one finding for one thing',
  )
  return findings.filter(({ code }) => code === 'queue-full')
}

const sourceOf = (expiry: Partial<Expiry>, nowMs: number): SourceExpiry => ({
  broker: 'memory',
  place: 'orders-dead-letter',
  askedAtMs: nowMs,
  expiry: {
    waiting: 12_000,
    oldestEndsAtMs: null,
    gone: 0,
    keeps: { ageMs: null, messages: null, bytes: null, unusedMs: null, isCompacted: false, longer: '' },
    ...expiry,
  },
  why: null,
  emptyAtMs: null,
})

test('from four fifths of the cap on the doctor warns, and at the cap it says until when what waits is kept', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({}, {}, {})
  assert.deepEqual(await fullFindings(bed, {}), [])
  await bed.captured({})
  const [near] = await fullFindings(bed, {})
  assert.deepEqual([near?.severity, near?.queue], ['warning', 'orders'])
  assert.equal(near?.what, 'it has come to 80 % of its cap: 4 of 5 letters')
  assert.deepEqual(await fullFindings(bed, { most: { ...five, whenReached: 'archive' } }), [], 'archiving comes first')
  await bed.captured({}, { queue: 'prices' })
  const nowMs = Date.now()
  const [full, ...others] = await fullFindings(bed, {
    expiry: [sourceOf({ oldestEndsAtMs: nowMs + 50 * hourMs }, nowMs)],
    nowMs,
  })
  assert.deepEqual(others, [])
  assert.deepEqual([full?.severity, full?.queue], ['problem', 'orders'])
  assert.match(full?.what ?? '', /^it has come to its cap.*: 5 of 5 letters$/)
  assert.equal(
    full?.why,
    'letters stay at orders-dead-letter on memory (12,000 wait there, the oldest is deleted there in 2 days); nothing is lost by it; letters of prices from there wait with it',
  )
  assert.match(full?.next ?? '', /^redrive queue document --most-letters 10 orders /)
  const why = async (expiry: Partial<Expiry> | null): Promise<string> =>
    (await fullFindings(bed, { expiry: expiry === null ? [] : [sourceOf(expiry, nowMs)], nowMs }))[0]?.why ?? ''
  assert.match(await why(null), /until when its broker keeps them is not known/)
  assert.match(await why({ waiting: 0 }), /\(none waits yet\)/)
  assert.match(
    await why({ waiting: 1, oldestEndsAtMs: 'unknown' }),
    /1 waits there, and when the oldest is deleted is not/,
  )
  assert.match(await why({ oldestEndsAtMs: nowMs - 1 }), /any moment/)
  const keeps = { ageMs: null, messages: 20_000, bytes: 5 * 1024 ** 2, unusedMs: null, isCompacted: false, longer: '' }
  assert.match(await why({ keeps }), /drops the oldest above 20,000 letters, it drops the oldest above 5 MiB/)
})

test('a cap by bytes is raised by bytes', async (t) => {
  const bed = await officeBed(t)
  const body = Buffer.alloc(600 * 1024)
  await bed.captured({ body }, { body })
  const [full] = await fullFindings(bed, { most: { ...noCap, letters: 100, bytes: 1024 ** 2 } })
  assert.match(full?.what ?? '', /: 2 of 100 letters and 1\.1 MiB of 1 MiB$/)
  assert.match(full?.next ?? '', /--most-bytes 2MiB orders/)
})

test('a warning is a ticket; at the cap somebody is paged, and told when it is over', async (t) => {
  const bed = await alertBed(t)
  const finding = (severity: Finding['severity']): Finding => ({
    code: 'queue-full',
    severity,
    queue: 'orders',
    what: 'it has come to its cap: 5 of 5 letters',
    why: 'letters stay at orders-dead-letter on memory',
    next: 'redrive queue document --most-letters 10 orders',
  })
  const look = (minutes: number, findings: readonly Finding[]) => bed.look({ minutes, findings })
  const said = async () => (await bed.notices()).map(({ rule, change, urgency }) => `${rule} ${urgency} ${change}`)
  assert.deepEqual(await look(1, [finding('warning')]), ['team raised queue-full'])
  assert.deepEqual(await look(2, [finding('problem')]), ['team resolved queue-full', 'team raised queue-full'])
  assert.deepEqual((await said()).slice(-1), ['queue-full page raised'])
  await look(3, [])
  assert.deepEqual(await look(9, []), ['team resolved queue-full'])
})

test('caps are said and seen by command line and API', async (t) => {
  const bed = await officeBed(t)
  const { server, token } = await bed.http()
  const run = commandLine({ url: server.url, token })
  await bed.captured({}, {}, {})
  const none = await run('retention')
  assert.doesNotMatch(none.out, /AT THE CAP/)
  assert.match((await run('queue', 'show', 'orders')).out, /kept +3 letters, .*; no cap/)
  const said = await run('queue', 'document', 'orders', '--most-letters', '4', '--most-bytes', '10GiB', '--by', 'ann')
  assert.equal(said.code, 0)
  assert.match(
    said.out,
    /kept +3 of 4 letters, .* of 10\.0 GB \(75 %, full in less than a day if none end\); at the cap letters wait at their sources/,
  )
  const shown = await run('retention')
  assert.match(
    shown.out,
    /orders\t3\t4\t.*\t10\.0 GB\t75 %, full in less than a day if none end\tletters wait at their sources/,
  )
  const json = JSON.parse((await run('retention', '--json')).out) as { room: readonly Record<string, unknown>[] }
  assert.deepEqual(
    json.room.map(({ queue, letters, most, share, fullSince }) => ({ queue, letters, most, share, fullSince })),
    [
      {
        queue: 'orders',
        letters: 3,
        most: { letters: 4, bytes: 10 * 1024 ** 3, whenReached: 'push-back', open: 'keep' },
        share: 0.75,
        fullSince: null,
      },
    ],
  )
  const archive = await run('queue', 'document', 'orders', '--when-reached', 'archive', '--by', 'ann')
  assert.equal(archive.code === 0, false)
  assert.match(archive.err, /no place for archives is named/)
  const cleared = await run(
    'queue',
    'document',
    'orders',
    '--clear',
    'most-letters',
    '--clear',
    'most-bytes',
    '--by',
    'ann',
  )
  assert.match(cleared.out, /no cap/)
  const ofTier = await run('queue', 'document', 'orders', '--tier', 'permanent', '--most-letters', '4')
  assert.match(ofTier.err, /mostLetters is nothing that is said of a tier/)
  const wrong = await run('queue', 'document', 'orders', '--most-bytes', '10 pounds')
  assert.notEqual(wrong.code, 0)
  await documentQueue(bed.store, {
    queue: 'orders',
    fields: { 'retention.most.letters': '3' },
    by: 'ann',
    reason: null,
  })
  await bed.store.pool.query('update queue_kept set full_since = now()')
  assert.match((await run('queue', 'show', 'orders')).out, /\(100 %, FULL: letters wait at their sources\)/)
})
