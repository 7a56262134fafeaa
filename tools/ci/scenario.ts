/** Runs a scenario command in a fresh data folder and reads its figures again, rather than trusting its exit code alone. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { run, script } from '../lib/run.ts'
import { wrongFigures } from './wrong-figures.ts'

const [file, ...rest] = process.argv.slice(2)
if (file === undefined) throw new Error('usage: scenario.ts SCRIPT [ARGUMENTS]')
const data = fs.mkdtempSync(path.join(os.tmpdir(), 'redrive-scenario-'))
const { code, output } = await run(script(file, ...rest, '--data', data))
fs.rmSync(data, { recursive: true, force: true })
const wrong = wrongFigures(output.split('\n').findLast((line) => line.startsWith('{')) ?? '')
for (const line of wrong) console.error(`FAIL ${line}`)
process.exit(code === 0 && wrong.length === 0 ? 0 : 1)
