import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

const tools = import.meta.dirname

/** A repository of its own whose `npm` is a program of ours: what is tested is when it is called and what follows. */
function repository(
  options: { npm?: string; script?: string } = {},
): { folder: string; env: NodeJS.ProcessEnv } & Disposable {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'redrive-bootstrap-'))
  fs.mkdirSync(path.join(folder, 'tools'))
  fs.cpSync(path.join(tools, 'bootstrap.mjs'), path.join(folder, 'tools', 'bootstrap.mjs'))
  fs.cpSync(path.join(tools, 'bootstrap'), path.join(folder, 'tools', 'bootstrap'), { recursive: true })
  fs.writeFileSync(path.join(folder, 'package-lock.json'), '{}')
  fs.writeFileSync(
    path.join(folder, 'script.ts'),
    options.script ?? 'console.log(JSON.stringify(process.argv.slice(2)) as string)',
  )
  const npm =
    options.npm ?? `fs.appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n'); fs.mkdirSync('node_modules')`
  fs.writeFileSync(path.join(folder, 'npm.cjs'), `const fs = require('node:fs')\n${npm}`)
  return {
    folder,
    env: { ...process.env, npm_execpath: path.join(folder, 'npm.cjs') },
    [Symbol.dispose]: () => fs.rmSync(folder, { recursive: true, force: true }),
  }
}

function start(folder: string, env: NodeJS.ProcessEnv, ...more: string[]): ChildProcess & { said: () => string } {
  const child = spawn(process.execPath, ['tools/bootstrap.mjs', 'script.ts', ...more], { cwd: folder, env })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => (said += bytes.toString()))
  return Object.assign(child, { said: () => said })
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(20)) if (condition()) return
  throw new Error(`not within 15 s: ${what}`)
}

const calls = (folder: string): string[] => fs.readFileSync(path.join(folder, 'calls'), 'utf8').trim().split('\n')

test('it installs once per lock file, without install scripts, and passes arguments on', async () => {
  using repo = repository()
  for (const round of [1, 2]) {
    const child = start(repo.folder, repo.env, '--once', 'a b', '--', '')
    const [code] = await once(child, 'close')
    assert.equal(code, 0, child.said())
    assert.match(child.said(), /\["--once","a b","--",""\]/)
    assert.equal(/installing dependencies/.test(child.said()), round === 1)
  }
  assert.equal(calls(repo.folder).length, 1)
  assert.match(calls(repo.folder)[0] ?? '', /^ci --ignore-scripts/)

  fs.rmSync(path.join(repo.folder, 'node_modules', '.redrive-stamp'))
  fs.rmdirSync(path.join(repo.folder, 'node_modules'))
  fs.writeFileSync(path.join(repo.folder, 'package-lock.json'), '{ "changed": true }')
  await once(start(repo.folder, repo.env), 'close')
  assert.equal(calls(repo.folder).length, 2)
})

test('two at once: one installs, the other waits for it', async () => {
  using repo = repository({
    npm: `fs.appendFileSync('calls', 'ci\\n'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000); fs.mkdirSync('node_modules')`,
  })
  const both = [start(repo.folder, repo.env), start(repo.folder, repo.env)]
  const codes = await Promise.all(both.map(async (child) => (await once(child, 'close'))[0] as number))
  assert.deepEqual(codes, [0, 0])
  assert.equal(calls(repo.folder).length, 1)
  assert.match(both.map((child) => child.said()).join(), /waiting for process \d+, which is installing/)
})

test('a lock of a process that is gone is taken over', async () => {
  using repo = repository()
  fs.mkdirSync(path.join(repo.folder, '.redrive-installing'))
  fs.writeFileSync(path.join(repo.folder, '.redrive-installing', 'pid'), `${spawnSync('true').pid}`)
  const [code] = await once(start(repo.folder, repo.env), 'close')
  assert.equal(code, 0)
  assert.equal(fs.existsSync(path.join(repo.folder, '.redrive-installing')), false)
})

test('without a network it says what, why and what to try', async () => {
  using repo = repository({ npm: `console.error('npm error code ENOTFOUND'); process.exit(1)` })
  const child = start(repo.folder, repo.env)
  const [code] = await once(child, 'close')
  assert.equal(code, 1)
  assert.match(child.said(), /dependencies could not be installed[^]*registry cannot be reached: check the network/)
  assert.doesNotMatch(child.said(), /at .*bootstrap.mjs/)
  assert.equal(fs.existsSync(path.join(repo.folder, 'node_modules', '.redrive-stamp')), false)
})

test("npm's settings for this run do not reach the nested npm", async () => {
  using repo = repository({ npm: `fs.writeFileSync('env', JSON.stringify(process.env)); fs.mkdirSync('node_modules')` })
  const env = {
    ...repo.env,
    NODE_ENV: 'production',
    npm_config_omit: 'dev',
    npm_config_workspace: 'x',
    npm_config_registry: 'r',
  }
  await once(start(repo.folder, env), 'close')
  const nested = JSON.parse(fs.readFileSync(path.join(repo.folder, 'env'), 'utf8')) as Record<string, string>
  assert.equal(nested['NODE_ENV'], undefined)
  assert.equal(nested['npm_config_omit'], undefined)
  assert.equal(nested['npm_config_workspace'], undefined)
  assert.equal(nested['npm_config_registry'], 'r')
})

const waits = `
  import fs from 'node:fs'
  process.on('SIGTERM', () => { fs.writeFileSync('ended', 'SIGTERM'); process.exit(7) })
  fs.writeFileSync('started', String(process.pid))
  setInterval(() => {}, 1000)`

test('signals are passed on, and the exit code comes back', async () => {
  using repo = repository({ script: waits })
  const child = start(repo.folder, repo.env)
  await until('it runs', () => fs.existsSync(path.join(repo.folder, 'started')))
  child.kill('SIGTERM')
  const [code] = await once(child, 'close')
  assert.equal(code, 7)
})

test('when the parent is killed, the script ends too', async () => {
  using repo = repository({ script: waits })
  const parent = spawn('sh', ['-c', `"${process.execPath}" tools/bootstrap.mjs script.ts; true`], {
    cwd: repo.folder,
    env: repo.env,
    stdio: 'ignore',
  })
  await until('it runs', () => fs.existsSync(path.join(repo.folder, 'started')))
  parent.kill('SIGKILL')
  await until('it has ended', () => fs.existsSync(path.join(repo.folder, 'ended')))
})
