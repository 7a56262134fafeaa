import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { type Clock, systemClock } from '@redrive/worker'
import {
  encodeLetters,
  readLetter,
  readLetters,
  readManifest,
  tryPlace,
  verifyArchive,
} from '../src/archive/files/index.ts'
import { s3Place } from '../src/archive/files/s3-place.ts'
import type { ArchivePlace } from '../src/archive/index.ts'
import { archivedLetter, archivedVersion } from '../src/testing/archived-letters.ts'
import { httpReceiver } from '../src/testing/http-receiver.ts'
import { allOf } from '../src/testing/memory-place.ts'
import { type S3Server, s3Server } from '../src/testing/s3-server.ts'

const secretAccessKey = 'a-secret-that-no-message-may-hold'

function placeOf(
  server: Pick<S3Server, 'endpoint'>,
  prefix = 'redrive/office-1',
): { readonly place: ArchivePlace; readonly rests: readonly number[] } {
  const rests: number[] = []
  const clock: Clock = {
    ...systemClock,
    sleep: async (ms) => {
      rests.push(ms)
    },
  }
  const config = {
    bucket: 'letters',
    prefix,
    region: 'eu-central-1',
    endpoint: server.endpoint,
    accessKeyId: 'key-id',
    secretAccessKey,
  }
  return { place: s3Place(config, { clock }), rests }
}

async function bucketFor(t: TestContext): Promise<S3Server & ReturnType<typeof placeOf>> {
  const server = await s3Server(t)
  return { ...server, ...placeOf(server) }
}

test('an archive lies in a bucket as it does in a folder', async (t) => {
  const { place, asked, headers } = await bucketFor(t)
  assert.equal(place.description, 's3://letters/redrive/office-1')
  await tryPlace(place)
  const archive = '0b8f6f0e-3f0f-4a57-9c11-a1b2c3d4e5f6'
  const letters = Array.from({ length: 2_500 }, (_, n) =>
    archivedLetter(n, n === 7 ? { versions: [archivedVersion(1, Buffer.from('one'))] } : {}),
  )
  const { files, manifest } = encodeLetters(letters, { archive, madeAt: new Date(0), madeBy: 'a test' })
  for (const { name, bytes } of files) await place.put(name, bytes)
  const { 'x-amz-checksum-sha256': checksum, 'x-amz-content-sha256': signed, 'if-none-match': condition } = headers()
  assert.equal(signed, files.at(-1)?.sha256)
  assert.equal(checksum, Buffer.from(files.at(-1)?.sha256 ?? '', 'hex').toString('base64'))
  assert.equal(condition, '*')
  assert.deepEqual(await readManifest(place, archive), manifest)
  assert.deepEqual(await allOf(readLetters(place, manifest)), letters)
  asked.length = 0
  assert.deepEqual(await readLetter(place, manifest, 2_400), letters[2_400])
  assert.equal(asked.filter((each) => each.startsWith('GET')).length, 1)
  assert.deepEqual(await verifyArchive(place, archive), { archive, letters: 2_500, problems: [] })
  assert.deepEqual(
    (await allOf(place.list())).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    files.map(({ name, bytes }) => ({ name, bytes: bytes.length })).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  )
  for (const { name } of files) await place.remove(name)
  for (const { name } of files) await place.remove(name)
  assert.deepEqual(await allOf(place.list()), [])
})

test('more names than a page holds are listed, and those of others are not', async (t) => {
  const { place, asked, ...server } = await bucketFor(t)
  const names = Array.from({ length: 1_203 }, (_, n) => `a_${String(n).padStart(5, '0')}.json`)
  for (const name of names) await place.put(name, Buffer.from('x'))
  await placeOf(server, 'redrive').place.put('other.json', Buffer.from('x'))
  await placeOf(server, 'redrive/office-11').place.put('other.json', Buffer.from('x'))
  asked.length = 0
  assert.deepEqual((await allOf(place.list())).map(({ name }) => name).toSorted(), names)
  assert.equal(asked.length, 2)
})

test('nothing is overwritten; a put whose answer was lost is not taken for that of somebody else', async (t) => {
  const { place, faults, rests } = await bucketFor(t)
  faults.push('lost', 503, 'unheard')
  await place.put('a_1.json', Buffer.from('first'))
  assert.deepEqual(rests.length, 3)
  await assert.rejects(place.put('a_1.json', Buffer.from('second')), {
    code: 'ARCHIVE_UNWRITABLE',
    message: /is there already/,
  })
  // The same bytes, but not ours: whoever asks to write a name wants to be its only writer.
  await assert.rejects(place.put('a_1.json', Buffer.from('first')), {
    code: 'ARCHIVE_UNWRITABLE',
    message: /is there already/,
  })
  for (const text of ['second', 'firs', 'first and more']) {
    faults.push('lost')
    await assert.rejects(place.put('a_1.json', Buffer.from(text)), {
      code: 'ARCHIVE_UNWRITABLE',
      message: /is there already/,
    })
  }
  const reader = await place.open('a_1.json')
  assert.equal(Buffer.from(await reader.slice(0)).toString(), 'first')
})

test('a store that does not heed the condition is told of before anything lies there', async (t) => {
  const server = await s3Server(t, { heedsConditions: false })
  const { place } = placeOf(server)
  await assert.rejects(tryPlace(place), { code: 'ARCHIVE_UNWRITABLE', message: /overwrites what is there/ })
  assert.deepEqual(await allOf(place.list()), [])
})

test('trouble is got over for a while, then told, without addresses or secrets', async (t) => {
  const { place, faults, rests } = await bucketFor(t)
  await place.put('a_1.json', Buffer.from('0123456789'))
  faults.push(500, 'lost', 429)
  const reader = await place.open('a_1.json')
  faults.push('lost', 503)
  assert.equal(Buffer.from(await reader.slice(2, 5)).toString(), '234')
  assert.equal(rests.length, 5)
  assert.ok(rests.every((ms) => ms > 0 && ms < 2_000))
  faults.push('lost', 'lost', 'lost', 'lost')
  await assert.rejects(reader.slice(0), (error: Error) => {
    assert.match(
      error.message,
      /^s3:\/\/letters\/redrive\/office-1\/a_1\.json cannot be read: no answer \(UND_ERR_SOCKET\)$/,
    )
    return !inspect(error, { depth: 9 }).includes(secretAccessKey)
  })
  faults.push(503, 503, 503, 503)
  await assert.rejects(place.put('a_2.json', Buffer.from('x')), {
    code: 'ARCHIVE_UNWRITABLE',
    message: /it answered 503 SlowDown$/,
  })
  faults.push(403)
  await assert.rejects(place.put('a_2.json', Buffer.from('x')), {
    code: 'ARCHIVE_UNWRITABLE',
    message: /it answered 403/,
  })
  await assert.rejects(place.open('a_2.json'), { code: 'ARCHIVE_UNREADABLE', message: /is not there/ })
  faults.push(403)
  await assert.rejects(allOf(place.list()), {
    code: 'ARCHIVE_UNREADABLE',
    message: /cannot be listed: it answered 403 SlowDown/,
  })
})

test('what was replaced while it is read is told of, and bytes that are not there are not asked for', async (t) => {
  const { place, asked } = await bucketFor(t)
  await place.put('a_1.json', Buffer.from('0123456789'))
  const reader = await place.open('a_1.json')
  asked.length = 0
  await assert.rejects(reader.slice(5, 11), { code: 'ARCHIVE_UNREADABLE' })
  assert.equal((await reader.slice(4, 4)).byteLength, 0)
  assert.equal(asked.length, 0)
  await place.remove('a_1.json')
  await place.put('a_1.json', Buffer.from('9876543210'))
  await assert.rejects(reader.slice(0, 5), { code: 'ARCHIVE_UNREADABLE', message: /replaced or removed/ })
  await place.remove('a_1.json')
  await assert.rejects(reader.slice(0, 5), { code: 'ARCHIVE_UNREADABLE', message: /replaced or removed/ })
})

test('a store that gives more, less, or leads elsewhere is not followed', async (t) => {
  const partOf = async (status: number, body: string): Promise<unknown> => {
    const server = createServer((request, response) => {
      if (request.method === 'HEAD') response.writeHead(200, { 'content-length': 10 }).end()
      else response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(body)
    })
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    t.after(() => void server.close())
    const reader = await placeOf({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }).place.open(
      'a_1.json',
    )
    return reader.slice(0, 3)
  }
  assert.equal(Buffer.from((await partOf(206, '012')) as ArrayBuffer).toString(), '012')
  const unreadable = (status: number, body: string, message: RegExp): Promise<void> =>
    assert.rejects(partOf(status, body), { code: 'ARCHIVE_UNREADABLE', message })
  await unreadable(206, '01', /gives 2 bytes of 3/)
  await unreadable(206, '0123', /gives 4 bytes of 3/)
  await unreadable(200, '0123456789', /it answered 200/)
  await unreadable(206, 'x'.repeat(100_000), /longer than what was asked for/)
  await unreadable(301, '', /it answered 301/)
  const { url } = await httpReceiver(t, { status: 200, body: 'x'.repeat(100_000) })
  await assert.rejects(placeOf({ endpoint: url }).place.put('a_1.json', Buffer.from('x')), {
    code: 'ARCHIVE_UNWRITABLE',
    message: /longer than what was asked for/,
  })
  const { url: endless } = await httpReceiver(t, {
    status: 200,
    body: '<NextContinuationToken>same</NextContinuationToken>',
  })
  await assert.rejects(allOf(placeOf({ endpoint: endless }).place.list()), /gives the same page again/)
  const keys = [
    'redrive/office-1/a_1.json',
    'redrive/office-1/../b',
    'other/office-1/a_2.json',
    'redrive/office-1/&lt;b&gt;',
  ]
  const listed = keys.map((key) => `<Contents><Key>${key}</Key><Size>7</Size></Contents>`).join('')
  const { url: strange } = await httpReceiver(t, {
    status: 200,
    body: `${listed}<Contents><Key>redrive/office-1/c</Key></Contents>`,
  })
  assert.deepEqual(await allOf(placeOf({ endpoint: strange }).place.list()), [{ name: 'a_1.json', bytes: 7 }])
})

test('a store that holds other bytes than it was given is found out', async (t) => {
  const { url } = await httpReceiver(t, { status: 200, body: 'other' })
  const { place } = placeOf({ endpoint: url })
  await assert.rejects(place.put('a_1.json', Buffer.from('mine')), {
    code: 'ARCHIVE_UNWRITABLE',
    message: /holds other bytes/,
  })
  const { url: honest } = await httpReceiver(t, { status: 200, body: 'mine' })
  await placeOf({ endpoint: honest }).place.put('a_1.json', Buffer.from('mine'))
})

test('names stay behind the prefix', async (t) => {
  const { place, asked } = await bucketFor(t)
  for (const name of ['../x', 'a/b', '', '.', 'a?b', 'a%2Fb']) {
    await assert.rejects(place.open(name), { code: 'ARCHIVE_UNREADABLE' })
    await assert.rejects(place.put(name, Buffer.from('x')), { code: 'ARCHIVE_UNREADABLE' })
    await assert.rejects(place.remove(name), { code: 'ARCHIVE_UNREADABLE' })
  }
  assert.deepEqual(asked, [])
})
