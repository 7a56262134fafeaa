import { isRedriveError, RedriveError } from '@redrive/worker'
import type { BrokerConfig } from './config/index.ts'
import { reasonOf } from './reason-of.ts'

/** Adds to a fault which connection it is about and where that is written. */
export async function naming<T>(
  { name, config }: { readonly name: string; readonly config: BrokerConfig },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const fault = isRedriveError(error)
    throw new RedriveError(fault ? error.code : 'BROKER_UNREACHABLE', `${whereOf(name, config)}: ${reasonOf(error)}`, {
      cause: fault ? error.cause : error,
      hint:
        (fault ? error.hint : undefined) ?? `Check that the ${config.type} server runs and that its address is right.`,
      ...(fault ? { data: error.data } : {}),
    })
  }
}

/** Which connection, and where it is written: `redrive.yaml:3:5  brokers.main`. */
export function whereOf(name: string, { at }: BrokerConfig): string {
  return `${at === undefined ? '' : `${at}  `}brokers.${name}`
}
