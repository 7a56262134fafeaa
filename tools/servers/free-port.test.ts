import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { freePort, isFree } from './free-port.ts'

test('ports are given once, and none that the system gives to others', {
  skip: process.platform !== 'linux',
}, async () => {
  const [first] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number)
  const ports = await Promise.all(Array.from({ length: 500 }, () => freePort()))
  assert.equal(new Set(ports).size, 500)
  assert.deepEqual(
    ports.filter((port) => port >= (first ?? 0)),
    [],
  )
})

test('a port that a server has is not free', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  assert.equal(await isFree(port), false)
  server.close()
  await once(server, 'close')
  assert.equal(await isFree(port), true)
})
