import type { DeathReason, Tier } from './failure.ts'

/** Bytes of the smallest wire: identity, place, consumer, tier and the counters without which a message could retry forever. */
export const minimalWireBytes = 300

/** The longest text of each field in UTF-16 units, on write and on read. */
export const wireCaps = {
  id: 128,
  sys: 64,
  place: 255,
  part: 64,
  nid: 512,
  name: 255,
  cls: 200,
  msg: 4000,
  tp: 128,
  line: 22,
} as const

/** At most this many entries of history. */
export const maxHistory = 5

/** The wire as JSON: short keys, nulls and zeros left out. */
export interface CompactWire {
  v: number
  id: string
  sys?: string
  dst: string
  part?: string
  off?: string
  nid?: string
  ts?: number
  grp: string
  att: number
  max?: number
  first?: number
  last?: number
  cls?: string
  root?: string
  msg?: string
  tier?: Tier
  rsn?: DeathReason
  svc?: string
  rel?: string
  host?: string
  tp?: string
  hops?: number
  cr?: number
  rp?: string
  rd?: 1
  due?: number
  line?: [key: string, at: number]
  bhd?: string
  ntc?: 'release'
  his?: [errorClass: string, message: string, count: number][]
}
