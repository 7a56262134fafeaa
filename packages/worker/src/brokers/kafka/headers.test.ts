import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Header } from '../../message.ts'
import {
  headersFromMerged,
  headersFromObjects,
  headersFromPairs,
  mapFromHeaders,
  mergedFromHeaders,
  objectsFromHeaders,
} from './headers.ts'

const bytes = (text: string): Buffer => Buffer.from(text)
const headers: readonly Header[] = [
  { name: 'b', value: bytes('1') },
  { name: '__proto__', value: bytes('2') },
  { name: 'b', value: null },
  { name: 'a', value: bytes('') },
]

test('a map keeps order, duplicates and nulls', () => {
  assert.deepEqual(headersFromPairs([...mapFromHeaders(headers)]), headers)
})

test('merged, values of a name stay together and a null becomes empty', () => {
  const back = headersFromMerged(mergedFromHeaders(headers))
  assert.deepEqual(
    back.map(({ name, value }) => `${name}=${String(value)}`),
    ['b=1', 'b=', '__proto__=2', 'a='],
  )
})

test('as objects, order and duplicates stay and a null becomes empty', () => {
  const back = headersFromObjects(objectsFromHeaders(headers))
  assert.deepEqual(
    back.map(({ name, value }) => `${name}=${String(value)}`),
    ['b=1', '__proto__=2', 'b=', 'a='],
  )
})
