import { Option } from 'commander'

/** Of `cause common` and `common`. */
export function againstOption(): Option {
  return new Option(
    '--against <what>',
    'letters: the other letters; healthy: messages that were handled, as workers tell of them',
  )
    .choices(['letters', 'healthy'])
    .default('letters')
}
