import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A broken build: one guarantee taken out by a small change of the source, with a pause that gives kills something to hit. */
export interface Saboteur {
  readonly name: string
  /** What the build no longer does. */
  readonly breaks: string
  readonly target: 'embedded' | 'kafka' | 'rabbitmq'
  readonly changes: readonly { readonly file: string; readonly from: string; readonly to: string }[]
}

const pause = 'await new Promise((resolve) => setTimeout(resolve, 250))'

export const saboteurs: readonly Saboteur[] = [
  {
    name: 'acknowledged-before-committed',
    breaks: 'a letter is acknowledged at its source only when the database has it',
    target: 'embedded',
    changes: [
      {
        file: 'packages/server/src/capture/read-all.ts',
        from: `  await commitSurely(commit, batch)
  settling.ack(subscription, deliveries, letterIds)`,
        to: `  settling.ack(subscription, deliveries, letterIds)
  ${pause}
  await commitSurely(commit, batch)`,
      },
    ],
  },
  {
    name: 'sent-before-intended',
    breaks: 'a durable intent exists before the first byte of a replay is sent',
    target: 'embedded',
    changes: [
      {
        file: 'packages/server/src/replay/claim.ts',
        from: `    return { kind: 'claimed', letters }`,
        to: `    const sent = await globalThis.sendNow(letters)
    ${pause}
    return { kind: 'claimed', letters, sent }`,
      },
      {
        file: 'packages/server/src/replay/carry-out.ts',
        from: '  let next = claimNext(store, lease, size)',
        to: `  globalThis.sendNow = (letters) => sendBatch(letters, options)
  let next = claimNext(store, lease, size)`,
      },
      {
        file: 'packages/server/src/replay/carry-out.ts',
        from: 'const sent = await sendBatch(claim.letters, options)',
        to: 'const sent = claim.sent',
      },
    ],
  },
  {
    name: 'position-outside-the-transaction',
    breaks: 'the position of a source moves in the transaction of the letters it produced',
    target: 'kafka',
    changes: [
      {
        file: 'packages/server/src/capture/commit-batch.ts',
        from: '    await batch.rows.insert(client)',
        to: `    await movePositions(store.pool, sourceId, moves)
    ${pause}
    await batch.rows.insert(client)`,
      },
      {
        file: 'packages/server/src/capture/commit-batch.ts',
        from: `    await movePositions(client, sourceId, moves)
    return made`,
        to: '    return made',
      },
    ],
  },
]

/** A copy of the sources with the change made. @throws when the place to change is not there any more: the saboteur must be mended with the code */
export function buildBroken(root: string, saboteur: Saboteur): { readonly root: string; remove(): void } {
  const copy = mkdtempSync(path.join(tmpdir(), `redrive-saboteur-${saboteur.name}-`))
  const copied = ['packages', 'torture', 'tools', 'package.json', 'tsconfig.json']
  for (const each of copied) {
    cpSync(path.join(root, each), path.join(copy, each), {
      recursive: true,
      filter: (source) => !/[/\\](node_modules|dist|fixtures)([/\\]|$)/.test(path.relative(root, source)),
    })
  }
  symlinkModules(root, copy)
  for (const { file, from, to } of saboteur.changes) {
    const source = readFileSync(path.join(copy, file), 'utf8')
    if (!source.includes(from)) throw new Error(`saboteur ${saboteur.name}: ${file} does not hold what it changes`)
    writeFileSync(
      path.join(copy, file),
      source.replace(from, () => to),
    )
  }
  return { root: copy, remove: () => rmSync(copy, { recursive: true, force: true }) }
}

/** The installed packages of the original, but the workspace's own from the copy. */
function symlinkModules(root: string, copy: string): void {
  const modules = path.join(copy, 'node_modules')
  mkdirSync(path.join(modules, '@redrive'), { recursive: true })
  for (const name of readdirSync(path.join(root, 'node_modules'))) {
    if (name !== '@redrive' && name !== 'redrive')
      symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name))
  }
  for (const each of ['packages/worker', 'packages/server']) {
    const nested = path.join(root, each, 'node_modules')
    if (existsSync(nested)) symlinkSync(nested, path.join(copy, each, 'node_modules'), 'dir')
  }
  symlinkSync(path.join(copy, 'packages/worker'), path.join(modules, '@redrive/worker'))
  symlinkSync(path.join(copy, 'packages/server'), path.join(modules, 'redrive'))
}
