import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { systemClock } from '@redrive/worker'
import { pauseRun } from '../src/replay/index.ts'
import { parseRunId, showLetterId } from '../src/store/ids.ts'
import { alertBed } from './alert-bed.ts'
import { commandLine } from './command-line.ts'
import { dayMs, facts } from './review-bed.ts'

const names = ['orders', '-n', `it's;  echo $HOME #`]

/** As a shell reads it. */
function pasted(command: string): string[] {
  const script = `redrive() { printf '%s\\0' "$@"; }\n${command}`
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1)
}

test('each command under what is to be decided works as it stands, whatever the queues are called', async (t) => {
  const bed = await alertBed(t)
  const ids = await bed.captured(
    ...names.map((queue) => ({ queue, errorClass: 'AError' })),
    { errorClass: 'CError' },
    { errorClass: 'DError' },
  )
  await bed.look()
  await bed.store.pool.query(`update letter set state = 'uncertain' where id = any($1::uuid[]);`, [
    ids.slice(0, names.length),
  ])
  await bed.store.pool.query(`update cause set state = 'acknowledged' where error_class <> 'CError'`)
  await bed.store.pool.query(`update alert set state = 'resolved' where title not like '%C%'`)
  const run = await bed.run(await bed.plan({ letters: [showLetterId(ids.at(-1) ?? '')] }))
  await pauseRun(bed.store, { run: parseRunId(run.id), by: 'ana', reason: null })
  await bed.store.pool.query(
    `insert into source_loss (source_id, partition, from_position, to_position, noticed_at) select id, '0', 5, 9, now() + interval '2 days' from source where role = 'dead-letter'`,
  )
  await bed.store.pool.query(
    `insert into retention_pass (id, by, state, letters, to_delete, to_archive) values (gen_random_uuid(), 'policy', 'asks', 9, 9, 0)`,
  )
  const { server, token } = await bed.http({
    clock: { ...systemClock, now: () => Date.now() + 8 * dayMs },
    captures: () => facts.captures as never,
  })
  const redrive = commandLine({ url: server.url, token })
  const { out } = await redrive('review')
  const [toDecide = ''] = out.split('\nQueues\n')
  const commands = toDecide.split('\n').flatMap((line) => (/^ +redrive /.test(line) ? [line.trim()] : []))
  assert.deepEqual([...new Set(commands.map((command) => command.split(' ').slice(0, 3).join(' ')))].toSorted(), [
    'redrive alert show',
    'redrive cause show',
    'redrive doctor',
    'redrive queue show',
    'redrive replay plan',
    'redrive replay watch',
    'redrive retention',
    'redrive uncertain list',
  ])
  for (const command of commands) {
    if (command.includes('replay watch')) continue
    const { code, out: said, err } = await redrive(...pasted(command))
    assert.equal(code, 0, `${command}: ${err}`)
    assert.ok(`${said}${err}`.length > 0, command)
  }
})

test('a review is written as JSON in both ways of asking for it', async (t) => {
  const bed = await alertBed(t)
  await bed.captured({ errorClass: 'AError' })
  const { server, token } = await bed.http()
  const redrive = commandLine({ url: server.url, token })
  for (const asked of [['--format', 'json'], ['--json'], ['--format', 'json', '--json']]) {
    const { code, out, err } = await redrive('review', ...asked)
    assert.equal(code, 0, err)
    assert.equal((JSON.parse(out) as { total: { cameIn: number } }).total.cameIn, 1)
  }
})
