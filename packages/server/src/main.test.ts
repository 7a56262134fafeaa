import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const program = `
  import { registerHooks } from 'node:module'
  registerHooks({
    load(url, context, next) {
      for (const client of ['@platformatic/kafka', 'amqplib'])
        if (url.includes('/node_modules/' + client + '/')) process.exit(console.log(client))
      return next(url, context)
    },
  })
  const { checkConfig } = await import(process.argv[1])
  await checkConfig({ database: null, archive: null, brokers: JSON.parse(process.argv[2]) })`

/** The first client that an office loads which reaches these brokers, in a process of its own; empty: none. */
function loadedFor(brokers: unknown): string {
  const main = new URL('main.ts', import.meta.url).href
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--conditions=@redrive/source', '--input-type=module', '--eval', program, main, JSON.stringify(brokers)],
    { encoding: 'utf8' },
  )
  assert.equal(status, 0, stderr)
  return stdout.trim()
}

// Half of the time that an office takes to start went into loading a client of Kafka that nobody had named.
test('an office loads the client of a broker that it reaches, and no other', () => {
  assert.equal(loadedFor({ main: { type: 'pg-boss', url: 'embedded', deadLetters: [] } }), '')
  assert.equal(loadedFor({ main: { type: 'rabbitmq', url: 'amqp://127.0.0.1:1', deadLetters: [] } }), 'amqplib')
  assert.equal(loadedFor({ main: { type: 'kafka', brokers: ['127.0.0.1:1'], deadLetters: [] } }), '@platformatic/kafka')
})
