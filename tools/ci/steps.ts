import { script } from '../lib/run.ts'

export interface CiStep {
  readonly name: string
  readonly command: [string, ...string[]]
  /** Whether its last line is `N passed, N failed`; otherwise it counts as one. */
  readonly counts: boolean
  readonly timeoutMs: number
}

const minuteMs = 60_000

const scenario = ['tools/start.ts', '--once', '--json', '--port', '0']

/** The minutes are what a hanging step may take on a machine that is three times as slow as usual; all together take some 35. */
export const ciSteps: readonly CiStep[] = [
  counting('test', 20, ['npm', 'test']),
  single('check', 6, script('tools/check.ts')),
  single('packaging', 24, script('tools/packaging.ts')),
  counting('test:brokers', 30, ['npm', 'run', 'test:brokers']),
  single('scenario on the embedded default', 6, script('tools/ci/scenario.ts', ...scenario)),
  single('scenario on Kafka', 8, onServer('kafka', [...scenario, '--kafka', '{address}'])),
  single('scenario on RabbitMQ', 8, onServer('rabbitmq', [...scenario, '--rabbitmq', '{address}'])),
  // Together 300 kills and 300 cuts.
  single('torture, embedded', 25, script('torture/main.ts', '--kills', '120', '--jumps', '30')),
  single('torture, pg-boss', 20, script('torture/main.ts', '--pg-boss', '--kills', '110', '--cuts', '140')),
  single('torture, Kafka', 20, script('torture/main.ts', '--kafka', '--kills', '40', '--cuts', '100')),
  single('torture, RabbitMQ', 20, script('torture/main.ts', '--rabbitmq', '--kills', '30', '--cuts', '60')),
  single('torture, every crash point', 40, script('torture/main.ts', '--crash-points')),
  single('torture, sequences against a model', 25, script('torture/main.ts', '--model', '--sequences', '10000')),
  single('fidelity', 16, script('torture/main.ts', '--fidelity', '--envelopes', '10000')),
  single('torture, saboteurs', 30, script('torture/main.ts', '--saboteurs')),
]

function counting(name: string, minutes: number, command: [string, ...string[]]): CiStep {
  return { name, command, counts: true, timeoutMs: minutes * minuteMs }
}

function single(name: string, minutes: number, command: [string, ...string[]]): CiStep {
  return { name, command, counts: false, timeoutMs: minutes * minuteMs }
}

function onServer(server: string, scenario: readonly string[]): [string, ...string[]] {
  return script('tools/with-server.ts', server, '--', ...script('tools/ci/scenario.ts', ...scenario))
}
