import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { fakeClock } from '@redrive/worker/testing'
import { startHeartbeat } from './heartbeat.ts'
import type { Store } from './store/store.ts'
import { until } from './testing/opened-store.ts'

async function bedOf(t: TestContext) {
  const bed = {
    heard: 0,
    status: 200,
    isDatabaseUp: true,
    own: null as string | null,
    lines: [] as string[],
    clock: fakeClock(),
  }
  const server = createServer((_, response) => {
    bed.heard += 1
    response.writeHead(bed.status).end('ok')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  let asked = 0
  const pool = {
    query: async () => {
      asked += 1
      if (!bed.isDatabaseUp) throw new Error('gone')
    },
  } as unknown as Store['pool']
  const heartbeat = startHeartbeat(
    { pool },
    {
      url: `http://127.0.0.1:${port}/a-secret`,
      seconds: 60,
      trouble: () => bed.own,
      tell: (line) => bed.lines.push(line),
      clock: bed.clock,
    },
  )
  t.after(async () => {
    await heartbeat.stop()
    server.closeAllConnections()
    server.close()
  })
  return {
    ...bed,
    bed,
    server,
    /** The next beat, whatever becomes of it. */
    async next() {
      const before = asked
      await until(async () => {
        if (asked === before) await bed.clock.advance(1_000)
        return asked > before
      })
    },
    heardTimes: (times: number) => until(() => bed.heard === times),
  }
}

test('it beats at once and then at its pace', async (t) => {
  const { bed, clock, heardTimes } = await bedOf(t)
  await heardTimes(1)
  await until(async () => {
    await clock.advance(59_000)
    return bed.heard > 1
  })
  assert.deepEqual(bed.lines, [])
})

test('it is silent while the database does not answer, and says so once', async (t) => {
  const { bed, heardTimes, next } = await bedOf(t)
  await heardTimes(1)
  bed.isDatabaseUp = false
  await next()
  await next()
  assert.deepEqual(bed.lines, ['no heartbeat: the database does not answer'])
  assert.equal(bed.heard, 1)
  bed.isDatabaseUp = true
  await next()
  await heardTimes(2)
  await until(() => bed.lines.length === 2)
  assert.equal(bed.lines[1], 'the heartbeat is heard again')
})

test('what is not heard is told once, without the address', async (t) => {
  const { bed, server, heardTimes, next } = await bedOf(t)
  await heardTimes(1)
  bed.status = 404
  await next()
  await until(() => bed.lines.length === 1)
  assert.match(bed.lines[0] ?? '', /^no heartbeat: 127\.0\.0\.1:\d+ answered 404$/)
  server.closeAllConnections()
  server.close()
  await next()
  await next()
  assert.equal(bed.lines.length, 1)
  assert.doesNotMatch(bed.lines.join(), /a-secret/)
})

test('an office that does not do its work is not said to live', async (t) => {
  const { bed, clock, heardTimes } = await bedOf(t)
  await heardTimes(1)
  bed.own = 'alerts are not looked for'
  await until(async () => {
    await clock.advance(60_000)
    return bed.lines.length > 0
  })
  assert.deepEqual(bed.lines, ['no heartbeat: alerts are not looked for'])
  const { heard } = bed
  bed.own = null
  await until(async () => {
    await clock.advance(60_000)
    return bed.heard > heard
  })
  await until(() => bed.lines.length > 1)
  assert.deepEqual(bed.lines.slice(1), ['the heartbeat is heard again'])
})
