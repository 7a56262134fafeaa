import assert from 'node:assert/strict'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { pipeline } from 'node:stream'
import { after, test } from 'node:test'
import pg from 'pg'
import { testPemFile } from '../../../tools/servers/test-pem.ts'
import { startEmbeddedPostgres } from '../src/store/embedded/index.ts'
import { openStore } from '../src/store/store.ts'
import { quickFolder } from '../src/testing/quick-folder.ts'

const skip = process.platform === 'linux' ? false : 'needs a loopback address beside 127.0.0.1'
/** Nothing else listens there on the port of PostgreSQL. */
const host = '127.0.94.18'

/** A PostgreSQL that takes only encrypted connections, over TCP, and a role that owns one database and may do nothing else. */
async function secured() {
  const dataDir = fs.mkdtempSync(path.join(quickFolder(), 'redrive-test-'))
  const first = await startEmbeddedPostgres({ dataDir })
  const admin = new pg.Client(first.url)
  await admin.connect()
  await admin.query(`create role office login password 'secret'`)
  await admin.query(`create role shown login password 'secret' in role office`)
  await admin.query('create database letters owner office')
  await admin.end()
  await first.stop()

  const cluster = path.join(dataDir, 'postgres-18')
  const { uid, gid } = fs.statSync(cluster)
  for (const name of ['server', 'server-key', 'ca'] as const) {
    const file = path.join(cluster, `${name}.pem`)
    fs.copyFileSync(testPemFile(name), file)
    fs.chmodSync(file, 0o600)
    fs.chownSync(file, uid, gid)
  }
  fs.writeFileSync(
    path.join(cluster, 'pg_hba.conf'),
    `local all all trust
hostssl all shown 127.0.0.0/8 scram-sha-256 clientcert=verify-ca
hostssl all all 127.0.0.0/8 scram-sha-256
`,
  )
  const tls = { ssl: 'on', ssl_cert_file: 'server.pem', ssl_key_file: 'server-key.pem', ssl_ca_file: 'ca.pem' }
  const server = await startEmbeddedPostgres({ dataDir, settings: { ...tls, listen_addresses: host } })
  // Its certificate is for localhost, where the port may be taken.
  const line = net.createServer((client) => {
    const upstream = net.connect(server.connection.port, host)
    pipeline(client, upstream, client, () => undefined)
  })
  await new Promise<void>((resolve) => line.listen(0, '127.0.0.1', resolve))
  return {
    url: `postgres://office:secret@localhost:${(line.address() as net.AddressInfo).port}/letters`,
    elsewhere: `postgres://office:secret@${host}/letters`,
    async stop() {
      line.close()
      await server.stop()
      fs.rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

const server = skip === false ? await secured() : null
after(() => server?.stop())
const ca = `sslrootcert=${testPemFile('ca')}`

for (const settings of [`sslmode=verify-full&${ca}`, 'sslmode=no-verify'])
  test(`an office keeps its letters on a server that only takes encrypted connections (${settings.slice(0, 19)})`, {
    skip,
  }, async (t) => {
    const store = await openStore({ url: `${server?.url}?${settings}` })
    t.after(() => store.close())
    const { rows } = await store.pool.query(
      'select ssl, current_user as role, usesuper from pg_stat_ssl, pg_user where pid = pg_backend_pid() and usename = current_user',
    )
    assert.deepEqual(rows, [{ ssl: true, role: 'office', usesuper: false }])
    assert.equal((await store.pool.query('select from letter')).rowCount, 0)
  })

for (const [what, settings, cure] of [
  ['without encryption', '', /only encrypted connections: put \?sslmode=verify-full/],
  ['whose authority nobody here knows', '?sslmode=verify-full', /put &sslrootcert=FILE/],
  [
    'with another authority than its own',
    `?sslmode=verify-full&sslrootcert=${testPemFile('other-ca')}`,
    /put &sslrootcert=FILE/,
  ],
  ['with a file that is not there', '?sslmode=verify-full&sslrootcert=/nowhere/ca.pem', /are files here/],
] as const)
  test(`an address ${what} is refused with the cure`, { skip }, async () => {
    await assert.rejects(
      openStore({ url: `${server?.url}${settings}` }),
      (error: Error & { code?: string; hint?: string }) => {
        assert.equal(error.code, 'DATABASE_UNREACHABLE')
        assert.match(error.hint ?? '', cure)
        assert.doesNotMatch(`${error.message} ${error.hint}`, /secret/)
        return true
      },
    )
  })

const client = `sslcert=${testPemFile('client')}&sslkey=${testPemFile('client-key')}`
const shown = server?.url.replace('//office:', '//shown:')

test('an office shows a certificate to a server that asks for one', { skip }, async (t) => {
  const store = await openStore({ url: `${shown}?sslmode=verify-full&${ca}&${client}` })
  t.after(() => store.close())
  const { rows } = await store.pool.query(
    'select current_user as role, client_dn is not null as "isShown" from pg_stat_ssl where pid = pg_backend_pid()',
  )
  assert.deepEqual(rows, [{ role: 'shown', isShown: true }])
})

for (const [what, settings] of [
  ['without one', ''],
  [
    'with one of an authority that it does not know',
    `&sslcert=${testPemFile('stranger')}&sslkey=${testPemFile('stranger-key')}`,
  ],
] as const)
  test(`an office ${what} at a server that asks for a certificate is refused with the cure`, { skip }, async () => {
    await assert.rejects(openStore({ url: `${shown}?sslmode=verify-full&${ca}${settings}` }), {
      code: 'DATABASE_UNREACHABLE',
      hint: /put &sslcert=FILE&sslkey=FILE/,
    })
  })

test('a name that is not in its certificate is refused with the cure', { skip }, async () => {
  await assert.rejects(openStore({ url: `${server?.elsewhere}?sslmode=verify-full&${ca}` }), {
    code: 'DATABASE_UNREACHABLE',
    hint: /one of those in the address/,
  })
})

test('encryption that the server does not have is told as well', async (t) => {
  const plain = net.createServer((client) => client.on('error', () => undefined).once('data', () => client.write('N')))
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  t.after(() => plain.close())
  const { port } = plain.address() as net.AddressInfo
  await assert.rejects(openStore({ url: `postgres://office@localhost:${port}/letters?sslmode=verify-full` }), {
    code: 'DATABASE_UNREACHABLE',
    hint: /Leave sslmode out/,
  })
})
