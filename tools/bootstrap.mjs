// Runs a TypeScript script of this repository on a Node that can, installing what is missing first.
// Plain JavaScript for Node 20: nothing may be imported here but Node's own modules and ./bootstrap/*.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { install } from './bootstrap/install.mjs'
import { findNode } from './bootstrap/node.mjs'
import { stop, Trouble } from './bootstrap/trouble.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const [script, ...scriptArguments] = process.argv.slice(2)

// npm dies of a SIGTERM without passing it on: a lost parent means stop.
const parent = process.ppid
let child
setInterval(() => {
  if (process.ppid === parent) return
  if (child === undefined) process.exit(1)
  child.kill('SIGTERM')
}, 500).unref()

try {
  if (script === undefined) throw new Trouble('usage: node tools/bootstrap.mjs SCRIPT.ts [ARGUMENTS]')
  const [node] = await Promise.all([findNode(root), install(root, 'dependencies')])
  run(node)
} catch (error) {
  stop(error)
}

function run(node) {
  const flags = ['--conditions=@redrive/source', '--disable-warning=ExperimentalWarning']
  const PATH = [path.dirname(node), process.env.PATH].filter(Boolean).join(path.delimiter)
  // Hundreds of processes of this repository load the same files: types are taken out, and code is compiled, once.
  const NODE_COMPILE_CACHE = process.env.NODE_COMPILE_CACHE ?? path.join(root, 'node_modules/.cache/redrive')
  child = spawn(node, [...flags, path.resolve(root, script), ...scriptArguments], {
    stdio: 'inherit',
    env: { ...process.env, PATH, NODE_COMPILE_CACHE },
  })
  child.on('error', (error) => stop(new Trouble(`${node} cannot be run: ${error.message}`)))
  // A terminal sends Ctrl-C to the child itself; what comes to this process alone is passed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)))
}
