import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { exitCodes } from '../../packages/server/src/cli/exit-codes.ts'
import { run, script } from '../lib/run.ts'
import { root } from '../lib/workspace.ts'

const read = (name: string): string => readFileSync(`${root}/docs/operate/service/${name}`, 'utf8')
const unit = new Map(
  read('redrive.service')
    .split('\n')
    .flatMap((line) => {
      const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? []
      return key === undefined ? [] : [[key, value ?? ''] as const]
    }),
)
const [, command = ''] = /redrive (.*)$/.exec(unit.get('ExecStart') ?? '') ?? []

test('the command of the service, of the container and of the page are one that redrive has', async () => {
  assert.ok(command.startsWith('serve --config '))
  const { code, output } = await run(script('packages/server/src/cli/main.ts', ...command.split(' '), '--help'), {
    quiet: true,
  })
  assert.equal(code, 0, output)
  assert.ok(output.includes('--config <file>'))
  assert.ok(
    read('Dockerfile').includes(
      `CMD ["redrive", ${command
        .split(' ')
        .map((word) => `"${word}"`)
        .join(', ')}]`,
    ),
  )
})

test('a mistake in the configuration is not tried again, and everything else is', async () => {
  const { code } = await run(script('packages/server/src/cli/main.ts', 'serve', '--config', '/nowhere/redrive.yaml'), {
    quiet: true,
  })
  assert.equal(code, exitCodes.usage)
  assert.equal(unit.get('RestartPreventExitStatus'), `${code}`)
  assert.deepEqual(
    [unit.get('Restart'), unit.get('StartLimitIntervalSec'), unit.get('KillMode')],
    ['always', '0', 'mixed'],
  )
})

test('service and container give the same time to stop', () => {
  const { services } = parse(read('compose.yaml')) as { services: { redrive: { stop_grace_period: string } } }
  assert.equal(services.redrive.stop_grace_period, `${unit.get('TimeoutStopSec')}s`)
})

test('the health check asks for what needs no token', () => {
  const routes = readFileSync(`${root}/packages/server/test/http-routes.golden.txt`, 'utf8')
  const [, route = ''] = /127\.0\.0\.1:7070(\/\w+)/.exec(read('Dockerfile')) ?? []
  assert.ok(routes.includes(`GET ${route}\n`))
})
