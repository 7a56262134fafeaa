/** Writes the published JSON Schema of `redrive.yaml` from the one that the program checks with. */
import { writeFileSync } from 'node:fs'
import { root } from '../lib/workspace.ts'
import { schemaFile, schemaText } from './schema-text.ts'

writeFileSync(`${root}/${schemaFile}`, schemaText())
console.log(`written: ${schemaFile}`)
