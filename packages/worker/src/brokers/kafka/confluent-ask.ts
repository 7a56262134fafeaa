import type { ConfluentError } from './confluent-client.ts'

/** Asks a client that answers by callback. */
export function ask<T>(question: (done: (error: ConfluentError | null, answer: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    question((error, answer) => {
      if (error === null || error === undefined) resolve(answer)
      else reject(faultOf(error))
    })
  })
}

export function faultOf(error: ConfluentError): Error {
  return error instanceof Error ? error : Object.assign(new Error(error.message), { code: error.code })
}
