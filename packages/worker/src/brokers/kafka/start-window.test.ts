import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstStartWindow, nextStartWindow, type StartWindow } from './start-window.ts'

function sizesOf(everyMs: number, marks: number): readonly number[] {
  const sizes: number[] = []
  let window: StartWindow = firstStartWindow
  for (let n = 0; n < marks; n += 1) {
    window = nextStartWindow(window, 1_000_000 + n * everyMs)
    sizes.push(Number(window.size))
  }
  return sizes
}

test('a fast consumer gets the whole window within four marks', () => {
  assert.deepEqual(sizesOf(5, 5), [64, 512, 4096, 8192, 8192])
  assert.deepEqual(sizesOf(0, 4), [64, 512, 4096, 8192])
})

test('a window grows to what lasts 100 ms at the pace of the consumer, at least twofold', () => {
  assert.deepEqual(sizesOf(25, 3), [64, 256, 1024])
  assert.deepEqual(sizesOf(99, 3), [64, 128, 256])
})

test('a window that is used up neither fast nor slowly stays', () => {
  assert.deepEqual(sizesOf(100, 3), [64, 64, 64])
  assert.deepEqual(sizesOf(1000, 3), [64, 64, 64])
})

test('a slow consumer risks suspicion for few records, and never for fewer than 16', () => {
  assert.deepEqual(sizesOf(1001, 5), [64, 32, 16, 16, 16])
})
