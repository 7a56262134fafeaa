import type { Family } from './exposition.ts'

/** By the names that Prometheus gives to these in every language. */
export function metricsOfProcess(office: { readonly version: string; readonly startedAt: Date }): readonly Family[] {
  const { user, system } = process.cpuUsage()
  return [
    {
      name: 'redrive_build_info',
      type: 'gauge',
      help: '1, with the version in its labels.',
      samples: [{ labels: { version: office.version, node: process.versions.node }, value: 1 }],
    },
    one('process_cpu_seconds_total', 'counter', 'CPU time of the office.', (user + system) / 1e6),
    one(
      'process_resident_memory_bytes',
      'gauge',
      'Memory of the office, without its database.',
      process.memoryUsage.rss(),
    ),
    one(
      'process_start_time_seconds',
      'gauge',
      'When the office was started, in Unix time.',
      office.startedAt.getTime() / 1_000,
    ),
  ]
}

function one(name: string, type: Family['type'], help: string, value: number): Family {
  return { name, type, help, samples: [{ value }] }
}
