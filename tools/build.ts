/** `npm run build`: both packages from src/ into a fresh dist/. */
import fs from 'node:fs'
import path from 'node:path'
import { run, tool } from './lib/run.ts'
import { findFiles, root } from './lib/workspace.ts'

for (const name of ['worker', 'server']) {
  fs.rmSync(path.join(root, 'packages', name, 'dist'), { recursive: true, force: true })
  fs.rmSync(path.join(root, 'node_modules', '.cache', `${name}.tsbuildinfo`), { force: true })
}
const { code } = await run(tool('tsc', '-b', 'packages/worker', 'packages/server'))
if (code !== 0) process.exit(code)

// What the compiler does not carry over: statements and schemas that are read at run time.
for (const file of findFiles('packages/*/src/**/*.{sql,json}')) {
  const target = path.join(root, file.replace('/src/', '/dist/'))
  fs.mkdirSync(path.dirname(target), { recursive: true })
  fs.copyFileSync(path.join(root, file), target)
}

const cli = path.join(root, 'packages', 'server', 'dist', 'cli', 'main.js')
const compiled = fs.readFileSync(cli, 'utf8')
if (!compiled.startsWith('#!')) fs.writeFileSync(cli, `#!/usr/bin/env node\n${compiled}`)
fs.chmodSync(cli, 0o755)
