import { RedriveError } from '@redrive/worker'
import type pg from 'pg'
import { reasonOf } from '../reason-of.ts'

/** Asks a database whether it answers. @throws DATABASE_UNREACHABLE with the reason and its cure, without the secrets of the address */
export async function reach(pool: pg.Pool, url: string): Promise<void> {
  try {
    await pool.query('select 1')
  } catch (error) {
    throw new RedriveError(
      'DATABASE_UNREACHABLE',
      `the database at ${withoutSecrets(url)} does not answer: ${reasonOf(error)}`,
      { cause: error, hint: cureOf(error) ?? cures.address },
    )
  }
}

const cures = {
  address: 'Check that PostgreSQL runs there and that its address has the right host, user, password and database.',
  encrypt: 'The server takes only encrypted connections: put ?sslmode=verify-full behind the address.',
  certificate:
    'The server asks for a certificate of an authority that it knows: put &sslcert=FILE&sslkey=FILE behind the address.',
  authority:
    'Nobody known here has signed its certificate: put &sslrootcert=FILE behind the address, with the certificate of whoever did. ?sslmode=no-verify believes anybody.',
  name: 'Its certificate is for other names: use one of those in the address.',
  plain: 'Leave sslmode out of the address, or switch encryption on at the server (ssl = on).',
  files: 'sslrootcert, sslcert and sslkey in the address are files here, which the office has to be able to read.',
} as const

/** By the codes of Node's TLS, of the file system and of PostgreSQL (28000: what pg_hba.conf does not allow), and by what the driver says. */
function cureOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code === '28000' && error.message.includes('no encryption')) return cures.encrypt
  if (code === '28000' && error.message.includes('client certificate')) return cures.certificate
  if (code === 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA') return cures.certificate
  if (/^(UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED)/.test(code)) return cures.authority
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return cures.name
  if (error.message.includes('does not support SSL')) return cures.plain
  const isFile = 'syscall' in error && (error.syscall === 'open' || error.syscall === 'read')
  return isFile ? cures.files : null
}

function withoutSecrets(url: string): string {
  try {
    const { hostname, port, pathname, searchParams } = new URL(url)
    return `${searchParams.get('host') ?? hostname}${port === '' ? '' : `:${port}`}${pathname}`
  } catch {
    return 'the given address'
  }
}
