/** Holds the arrows between the rooms: who may import whom. */
import fs from 'node:fs'
import path from 'node:path'
import { checkArrows } from './check/check-arrows.ts'
import { findFiles, root } from './lib/workspace.ts'

const files = findFiles('packages/*/{src,test}/**/*.ts')
const broken = checkArrows(new Map(files.map((file) => [file, fs.readFileSync(path.join(root, file), 'utf8')])))
for (const line of broken) console.error(line)
console.log(`arrows: ${files.length} files, ${broken.length} broken`)
process.exit(broken.length === 0 ? 0 : 1)
