import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from '../lib/run.ts'
import type { NodeVersion } from './node-versions.ts'

/** Installs both packages in an empty folder, as a user would, and uses them. Returns what went wrong. */
export async function tryInstalled(tarballs: readonly string[], node: NodeVersion): Promise<string[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'redrive-packaging-'))
  const wrong: string[] = []
  const expect = (what: string, ok: boolean, output: string): void => {
    console.log(`${ok ? 'ok  ' : 'FAIL'} Node ${node.version}: ${what}`)
    if (!ok) wrong.push(`Node ${node.version}: ${what}\n${output.slice(-2_000)}`)
  }
  try {
    fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
    const npm = ['npm', 'install', '--ignore-scripts', '--engine-strict', '--no-audit', '--no-fund'] as const
    const quiet = { cwd: folder, env: node.env, quiet: true, timeoutMs: 180_000 }
    const installed = await run([...npm, ...tarballs], quiet)
    expect('both install, with install scripts off', installed.code === 0, installed.output)
    if (installed.code !== 0) return wrong

    fs.copyFileSync(path.join(import.meta.dirname, 'twelve-lines.mjs'), path.join(folder, 'worker.js'))
    const worker = await run([node.node, 'worker.js'], { ...quiet, timeoutMs: 30_000 })
    expect('a worker runs', worker.code === 0 && worker.output.includes('dead: permanent'), worker.output)

    const help = await run(['npx', '--no', '--', 'redrive', '--help'], { ...quiet, timeoutMs: 30_000 })
    expect('redrive --help', help.code === 0 && help.output.includes('replay'), help.output)

    const served = await serveForAMoment(folder, node)
    expect('redrive serve, and status of it', served.ok, served.output)
    return wrong
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

async function serveForAMoment(folder: string, node: NodeVersion): Promise<{ ok: boolean; output: string }> {
  const cli = path.join(folder, 'node_modules', 'redrive', 'dist', 'cli', 'main.js')
  const office = spawn(node.node, [cli, 'serve', '--port', '0'], {
    cwd: folder,
    env: { ...process.env, ...node.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [office.stdout, office.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const ended = once(office, 'exit')
  const status = { code: 1, output: '' }
  for (const deadline = Date.now() + 60_000; Date.now() < deadline && office.exitCode === null; await sleep(200)) {
    if (!fs.existsSync(path.join(folder, '.redrive', 'office.json'))) continue
    Object.assign(status, await run([node.node, cli, 'status'], { cwd: folder, env: node.env, quiet: true }))
    if (status.code === 0) break
  }
  office.kill('SIGTERM')
  const [code] = (await ended) as [number | null]
  return { ok: status.code === 0 && code === 0, output: `${output}\n${status.output}\nserve ended with ${code}` }
}
