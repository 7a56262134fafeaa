import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Wire } from '@redrive/worker'
import { type RawLetter, readLetter } from '@redrive/worker/readers'
import { defaultWireBudget, encodeWire } from '../packages/worker/src/wire-codec.ts'
import { readFixtures } from './letter-fixtures.ts'
import { type Field, fields, type Score, score } from './letter-score.ts'

export const summary = 'readers [--letters FILE...]   how well letters of other frameworks are understood, and how fast'

const fixturesFolder = join(import.meta.dirname, '../packages/worker/fixtures/letters')
const maxExamples = 10

/** Prints a table per file, the wrong ones, letters a second, and as last line one JSON object. */
export async function run(args: string[]): Promise<void> {
  const files = await lettersOf(args)
  const total = { letters: 0, right: 0, unknown: 0, wrong: 0 }
  const speeds: string[] = [`${'own wire'.padEnd(nameWidth)} ${speedOf([ownLetter()])} letters/s`]
  for (const file of files) {
    const fixtures = await readFixtures(file)
    const result = score(fixtures, readLetter)
    print(basename(file), result)
    total.letters += fixtures.length
    for (const field of fields) {
      for (const verdict of ['right', 'unknown', 'wrong'] as const) total[verdict] += result.counts[field][verdict]
    }
    const rate = speedOf(fixtures.map(({ letter }) => letter))
    speeds.push(`${basename(file, '.jsonl.gz').padEnd(nameWidth)} ${rate} letters/s`)
  }
  console.log(`speed, one thread, best of ${rounds} rounds`)
  for (const line of speeds) console.log(`  ${line}`)
  const { letters, right, unknown, wrong } = total
  console.log(JSON.stringify({ bench: 'readers', letters, fields: letters * fields.length, right, unknown, wrong }))
}

const nameWidth = 40
const rounds = 3

async function lettersOf(args: string[]): Promise<string[]> {
  const { values, positionals } = parseArgs({
    args,
    options: { letters: { type: 'string', multiple: true } },
    allowPositionals: true,
  })
  const files = [...(values.letters ?? []), ...positionals]
  if (files.length > 0) return files
  const names = await readdir(fixturesFolder)
  return names
    .filter((name) => name.endsWith('.jsonl.gz'))
    .sort()
    .map((name) => join(fixturesFolder, name))
}

function print(name: string, { counts, wrong }: Score): void {
  console.log(name)
  console.log(`  ${'field'.padEnd(12)}${['right', 'unknown', 'wrong'].map((title) => title.padStart(9)).join('')}`)
  for (const field of fields) {
    const row = counts[field as Field]
    console.log(
      `  ${field.padEnd(12)}${[row.right, row.unknown, row.wrong].map((n) => String(n).padStart(9)).join('')}`,
    )
  }
  for (const { at, field, said, truth } of wrong.slice(0, maxExamples)) {
    console.log(`  letter ${at + 1}, ${field}: ${JSON.stringify(said)} instead of ${JSON.stringify(truth)}`)
  }
  if (wrong.length > maxExamples) console.log(`  and ${wrong.length - maxExamples} more`)
}

/** Letters read a second. */
function speedOf(letters: readonly RawLetter[]): string {
  if (letters.length === 0) return '0'
  const repeats = Math.ceil(10_000 / letters.length)
  let best = 0
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now()
    for (let repeat = 0; repeat < repeats; repeat += 1) for (const letter of letters) readLetter(letter)
    best = Math.max(best, (repeats * letters.length * 1000) / (performance.now() - start))
  }
  return Math.round(best).toString().padStart(9)
}

/** A letter of the worker library with 2.4 KB of body and a stack of usual length. */
function ownLetter(): RawLetter {
  const stack = `TypeError: Cannot read properties of undefined (reading 'units')\n${'    at allocate (file:///srv/reefer/src/allocate.ts:41:17)\n'.repeat(12)}`
  const wire: Wire = {
    id: '0198c1d0-5b7e-7c43-9a63-b0a1f4c2d9e7',
    origin: {
      system: 'kafka',
      place: 'orders',
      consumer: 'reefer',
      partition: '3',
      position: '184467',
      nativeId: null,
      timestampMs: 1_784_629_800_123,
    },
    attempts: 5,
    maxAttempts: 5,
    firstFailedAtMs: 1_784_629_801_000,
    lastFailedAtMs: 1_784_629_845_310,
    failure: {
      errorClass: 'TypeError',
      rootClass: 'TypeError',
      message: "Cannot read properties of undefined (reading 'units')",
    },
    tier: 'permanent',
    reason: 'attempts',
    worker: { service: 'reefer-allocation', release: '1.4.2', host: 'reefer-7f9c' },
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    hops: 1,
    crashes: 0,
    replayId: null,
    dueAtMs: null,
    history: [],
    line: null,
    notice: null,
  }
  const own = [{ name: 'tenant', value: Buffer.from('t3') }]
  return {
    system: 'kafka',
    place: 'orders-dead-letter',
    partition: '3',
    position: 12n,
    message: {
      key: Buffer.from('cust-991'),
      body: Buffer.alloc(2400, 0x20),
      headers: [...own, ...encodeWire(wire, stack, defaultWireBudget)],
      timestampMs: 1_784_629_845_310,
    },
  }
}
