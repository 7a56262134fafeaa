import { RedriveError } from '../errors.ts'

export interface TrafficOptions {
  /**
   * What is told of some of the messages that were handled, so that dead ones can be compared with them: the partition and the names of headers, with
   * the service, release and host. `false` tells nothing of single messages.
   * @default true
   */
  readonly samples?: boolean | SampleOptions
}

export interface SampleOptions {
  /** Messages, at most; 1 to 100. What is over 32 KB in all is left out. @default 20 */
  readonly perMinute?: number
  /** Names of headers whose values are told as well, at most 200 characters of each. @default [] */
  readonly headers?: readonly string[]
  /** Bodies of at most 4 KB that are text are told as well. @default false */
  readonly bodies?: boolean
}

export type SampleSettings = Required<SampleOptions>

export interface TrafficSettings {
  /** `null`: nothing is told of single messages. */
  readonly samples: SampleSettings | null
}

/** `null`: nothing is reported. @throws OPTION_INVALID naming the option */
export function trafficSettings(options: boolean | TrafficOptions): TrafficSettings | null {
  if (options === false) return null
  if (options !== true && (typeof options !== 'object' || options === null))
    throw invalid('traffic', options, 'Give true, false or { samples }.')
  const samples = options === true ? true : (options.samples ?? true)
  return { samples: samples === false ? null : sampleSettings(samples === true ? {} : samples) }
}

function sampleSettings(options: SampleOptions): SampleSettings {
  if (typeof options !== 'object' || options === null)
    throw invalid('traffic.samples', options, 'Give true, false or { perMinute, headers, bodies }.')
  const { perMinute = 20, headers = [], bodies = false } = options
  if (!Number.isInteger(perMinute) || perMinute < 1 || perMinute > 100)
    throw invalid('traffic.samples.perMinute', perMinute, 'Give a whole number of 1 to 100.')
  if (!Array.isArray(headers) || headers.length > 50 || headers.some((name) => typeof name !== 'string'))
    throw invalid('traffic.samples.headers', headers, 'Give at most 50 names of headers.')
  if (typeof bodies !== 'boolean') throw invalid('traffic.samples.bodies', bodies, 'Give true or false.')
  return { perMinute, headers, bodies }
}

function invalid(name: string, value: unknown, hint: string): RedriveError {
  const shown = typeof value === 'string' || typeof value === 'number' ? String(value) : typeof value
  return new RedriveError('OPTION_INVALID', `${name} is ${shown}`, { hint })
}
