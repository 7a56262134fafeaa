import fs from 'node:fs'

/** The system account PostgreSQL runs as. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/** PostgreSQL refuses to run as root: then it runs as `nobody`; otherwise (undefined) as whoever runs us. */
export function postgresAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  return nobodyIn('/etc/passwd') ?? { uid: 65534, gid: 65534 }
}

function nobodyIn(passwdFile: string): Account | undefined {
  try {
    for (const line of fs.readFileSync(passwdFile, 'utf8').split('\n')) {
      const [name, , uid, gid] = line.split(':')
      if (name === 'nobody' && Number(uid) > 0) return { uid: Number(uid), gid: Number(gid) }
    }
  } catch {
    // no such file: the usual number is used
  }
  return undefined
}
