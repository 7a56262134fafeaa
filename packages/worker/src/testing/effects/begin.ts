import { randomUUID } from 'node:crypto'
import type { BeginOptions } from '../../effects/effect-store.ts'

export const leaseMs = 60_000
export const keepMs = 86_400_000

export function newKey(): string {
  return (randomUUID() + randomUUID()).replaceAll('-', '')
}

export function beginOf(token: string, options: Partial<BeginOptions> = {}): BeginOptions {
  return { token, leaseMs, keepMs, what: 'effect "charge"', ...options }
}
