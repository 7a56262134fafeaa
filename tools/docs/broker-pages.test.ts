import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { root } from '../lib/workspace.ts'

const pages = {
  'kafka.md': ['kafka/kafkajs.ts', 'kafka/confluent.ts'],
  'rabbitmq.md': ['rabbitmq/index.ts'],
  'pg-boss.md': ['pg-boss/index.ts'],
}

for (const [page, sources] of Object.entries(pages)) {
  test(`docs/brokers/${page} states every loss that the adapter states, word for word, and no other`, () => {
    const text = readFileSync(`${root}/docs/brokers/${page}`, 'utf8')
    const losses = sources.flatMap(lossesIn)
    const lists: readonly string[] = text.match(/^- .+$/gm) ?? []
    for (const loss of losses) assert.ok(lists.includes(`- ${loss}`), `${page} does not have: ${loss}`)
    const named = /^## Losses\n\n((?:- .+\n)+)/m.exec(text)?.[1]
    if (named !== undefined)
      assert.deepEqual(
        named.trim().split('\n'),
        losses.map((loss) => `- ${loss}`),
      )
  })
}

test('the client without losses still claims none', () => {
  assert.match(readFileSync(`${root}/packages/worker/src/brokers/kafka/platformatic.ts`, 'utf8'), /losses: \[\],/)
})

function lossesIn(file: string): string[] {
  const source = readFileSync(`${root}/packages/worker/src/brokers/${file}`, 'utf8')
  const list = /const losses = \[([^]*?)\n\] as const/.exec(source)?.[1] ?? ''
  const losses = [...list.matchAll(/'([^']+)',/g)].map(([, loss]) => loss ?? '')
  assert.ok(losses.length > 0, `no losses were found in ${file}`)
  return losses
}
