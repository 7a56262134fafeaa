// Alone in its process: it starts and kills servers.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from './embedded-postgres-holder.ts'

/**
 * A file system of 500 MB that only the program run in it sees. Mounting takes root, if only in a namespace of its own; there,
 * a second namespace gives back the user that PostgreSQL accepts.
 */
const isRoot = process.getuid?.() === 0
const back = isRoot ? '' : `unshare -U --map-user=${process.getuid?.()} --map-group=${process.getgid?.()}`
const onSmallDisk = [
  ...['unshare', isRoot ? '-m' : '-rm', 'sh', '-c'],
  `mount -t tmpfs -o size=500m none "$0" && exec ${back} "$@"`,
]
const works = spawnSync(onSmallDisk[0] ?? '', [...onSmallDisk.slice(1), '/mnt', 'true']).status === 0
const skip = works ? false : 'no private file system can be mounted here (unshare -m is not permitted)'

test('a disk that fills up: the ballast lets it start again, nothing committed is lost', { skip }, () => {
  using folder = temporaryFolder()
  const child = path.join(import.meta.dirname, 'embedded-postgres-full-disk-child.ts')
  const [program = '', ...rest] = onSmallDisk
  const ran = spawnSync(
    program,
    [...rest, folder.path, process.execPath, '--conditions=@redrive/source', child, folder.path],
    {
      encoding: 'utf8',
      timeout: 90_000,
    },
  )
  assert.equal(ran.status, 0, ran.stderr)
  const { freeWhenFull, troubles, ...rest_ } = JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '') as Record<
    string,
    unknown
  >
  assert.deepEqual(rest_, {
    hadBallast: true,
    keptWhileFull: [{ rows: 1000 }],
    hasBallastWhileFull: false,
    hasBallastAgain: true,
  })
  assert.ok(Number(freeWhenFull) < 1024 * 1024)
  assert.ok(Number(troubles) > 0)
})
