import { readFileSync } from 'node:fs'

export type TestPem =
  | 'ca'
  | 'other-ca'
  | 'server'
  | 'server-key'
  | 'client'
  | 'client-key'
  | 'stranger'
  | 'stranger-key'

/**
 * PEM files of an authority that nothing but tests knows, until 2124. `server` is localhost and 127.0.0.1; `other-ca` has signed neither
 * that nor `client`, and nobody `stranger`.
 */
export function testPem(name: TestPem): string {
  return readFileSync(testPemFile(name), 'utf8')
}

export function testPemFile(name: TestPem): string {
  return new URL(`tls/${name}.pem`, import.meta.url).pathname
}
