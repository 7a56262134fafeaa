import { parseArgs } from 'node:util'
import { startKafka } from '../tools/servers/kafka.ts'
import { inChild } from './lib/child.ts'
import { createTopic, fillTopic } from './lib/kafka-records.ts'
import { median } from './lib/median.ts'
import { table } from './lib/table.ts'
import type { Answer, FailingAnswer, FailingInput, Input, OursInput } from './worker-peers/peer.ts'

export const summary: string =
  'worker [--records N] [--warm-up N] [--rounds N] [--concurrency N] [--port N]: the worker against a bare loop of the same client, on Kafka'

const partitions = 6
const recordBytes = 1024
const waiting = 10_000
/** Messages of which some fail. */
const someFail = 200_000

/**
 * A worker with every guarantee on against the bare fetch-and-commit loop of the same client (and its own stream), each in a process of
 * its own, alternating, medians; then with 5 % of the messages failing once, and with 10,000 retries waiting.
 *
 * Both hand every record with key, value, headers and time to an async handler that adds up bytes, leave out control and aborted records, and are
 * timed from the first message to the answer to their last commit. The loop awaits one handler and one commit at a time, a commit per fetch; the
 * worker runs up to `concurrency` handlers, commits every 250 ms, and writes start marks beside that.
 *
 * A process spends its first half second compiling, the worker more than the loop since it has more code, and 200,000 records are over by then.
 * So each peer reads `--warm-up` records before its clock starts, as a worker that runs for weeks has; `cold` is the same from the first record on.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      records: { type: 'string', default: '200000' },
      'warm-up': { type: 'string', default: '400000' },
      rounds: { type: 'string', default: '7' },
      concurrency: { type: 'string', default: '500' },
      port: { type: 'string' },
    },
  })
  const records = Number(values.records)
  const warmUp = Number(values['warm-up'])
  const concurrency = Number(values.concurrency)
  const kafka = await startKafka({
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
    onProgress: console.error,
  })
  try {
    const topic = { brokers: kafka.brokers, topic: 'cold', partitions }
    const settings = { concurrency, rounds: Number(values.rounds) }
    const filled = async (input: Omit<Input, 'group'>): Promise<typeof input> => {
      await createTopic(input)
      await fillTopic(input, { records: input.warmUp + input.records, bytes: recordBytes })
      return input
    }
    const cold = await compare(await filled({ ...topic, warmUp: 0, records }), settings)
    const { ours, bare } = await compare(await filled({ ...topic, topic: 'warm', warmUp, records }), settings)
    const some = { ...topic, topic: 'some', warmUp: 0, records: Math.min(records, someFail) }
    const few = { ...topic, topic: 'few', warmUp: 0, records: waiting }
    for (const each of [some, few]) await filled(each)
    const failing = await late([
      ['5 % fail once, due in 1 s', { ...some, group: 'failing', concurrency, failEvery: 20, delayMs: [1_000, 1_000] }],
      [
        '10,000 wait, due in 3 to 9 s',
        { ...few, group: 'waiting', concurrency, failEvery: 1, delayMs: [3_000, 9_000] },
      ],
    ])
    console.log(
      JSON.stringify({
        bench: 'worker',
        ours: Math.round(ours),
        bare: Math.round(bare),
        ratio: Number((ours / bare).toFixed(3)),
        cold: Number((cold.ours / cold.bare).toFixed(3)),
        latenessP50Ms: Math.max(...failing.map(({ latenessMs }) => latenessMs.p50)),
        latenessP99Ms: Math.max(...failing.map(({ latenessMs }) => latenessMs.p99)),
      }),
    )
  } finally {
    await kafka.stop()
  }
}

async function compare(
  input: Omit<Input, 'group'>,
  { concurrency, rounds }: { readonly concurrency: number; readonly rounds: number },
): Promise<{ readonly ours: number; readonly bare: number }> {
  const peers = ['ours', 'bare', 'stream'] as const
  const rates: Record<(typeof peers)[number], number[]> = { ours: [], bare: [], stream: [] }
  const cpu: Record<(typeof peers)[number], number[]> = { ours: [], bare: [], stream: [] }
  const print = table([8, 12, 12, 12, 10])
  print(`\n${input.topic}`, 'ours rows/s', 'bare', 'stream', 'ratio')
  // Round 0 warms the broker's page cache.
  for (let round = 0; round <= rounds; round++) {
    for (const peer of round % 2 === 0 ? peers : peers.toReversed()) {
      const given: OursInput = { ...input, group: `${input.topic}-${peer}-${round}`, concurrency }
      const answer = await inChild<Answer>(`worker-peers/${peer}.ts`, { input: given })
      if (answer.bytes !== (input.warmUp + input.records) * recordBytes)
        throw new Error(`${peer} read ${answer.bytes} bytes`)
      if (round === 0) continue
      rates[peer].push(answer.rowsPerSecond)
      cpu[peer].push(answer.cpuMicrosPerRow)
    }
    if (round > 0)
      print(
        String(round),
        ...peers.map((peer) => rates[peer].at(-1) ?? 0),
        (rates.ours.at(-1) ?? 0) / (rates.bare.at(-1) ?? 0),
      )
  }
  print('median', ...peers.map((peer) => median(rates[peer])), median(rates.ours) / median(rates.bare))
  print('CPU µs', ...peers.map((peer) => median(cpu[peer])), '')
  return { ours: median(rates.ours), bare: median(rates.bare) }
}

async function late(cases: readonly (readonly [string, FailingInput])[]): Promise<readonly FailingAnswer[]> {
  const print = table([30, 10, 10, 10, 10, 10, 10, 10])
  const answers: FailingAnswer[] = []
  print('\nlateness of retries', 'rows/s', 'retries', 'again', 'waiting', 'p50 ms', 'p99 ms', 'most ms')
  for (const [name, input] of cases) {
    const answer = await inChild<FailingAnswer>('worker-peers/failing.ts', { input })
    const { p50, p99, most } = answer.latenessMs
    print(name, answer.rowsPerSecond, answer.retries, answer.again, answer.waiting, p50, p99, most)
    answers.push(answer)
  }
  return answers
}
