import { createRegrouper } from '../src/causes/index.ts'
import { openStore } from '../src/store/store.ts'

/** Regroups two letters at a time and says so, until it is killed. */
const [url = ''] = process.argv.slice(2)
const store = await openStore({ url, allowUnsafe: true })
const regrouper = createRegrouper(store)
for (;;) process.stdout.write(`${await regrouper.step({ maxLetters: 2 })}\n`)
