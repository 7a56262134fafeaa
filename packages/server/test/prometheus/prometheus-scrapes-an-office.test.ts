import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promtool, startPrometheus } from '../../../../tools/servers/prometheus.ts'
import { officeBed, until } from '../office-bed.ts'

const monitoring = fileURLToPath(new URL('../../../../docs/operate/monitoring/', import.meta.url))
const rules = path.join(monitoring, 'redrive.rules.yml')

interface Answer<T> {
  readonly status: string
  readonly data: T
}
type Vector = Answer<{
  readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[]
}>

test('each rule fires when it should and is quiet otherwise, as Prometheus sees it', async () => {
  assert.match(await promtool(['check', 'rules', rules]), /SUCCESS: 11 rules found/)
  assert.match(await promtool(['test', 'rules', path.join(monitoring, 'redrive.rules.test.yml')]), /SUCCESS/)
})

test('a Prometheus scrapes an office, keeps its names whole, and answers each query of the dashboard', async (t) => {
  const bed = await officeBed(t)
  const hostile = 'a"b\\c\nd{}é'
  await bed.captured({}, {}, { queue: hostile })
  const { server, token } = await bed.http()
  const authorization = { headers: { authorization: `Bearer ${token}` } }
  const text = await (await fetch(`${server.url}/metrics`, authorization)).text()
  // It also finds names and types that are against the conventions.
  assert.equal(await promtool(['check', 'metrics'], text), '')

  const prometheus = await startPrometheus({
    config: `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [${JSON.stringify(rules)}]
scrape_configs:
  - job_name: redrive
    authorization: { credentials: ${JSON.stringify(token)} }
    static_configs: [{ targets: [${JSON.stringify(new URL(server.url).host)}] }]
`,
  })
  bed.ending(() => prometheus.stop())
  const ask = async (query: string): Promise<Vector> =>
    (await prometheus.ask(`/query?query=${encodeURIComponent(query)}`)) as Vector

  const letters = await until('it was scraped', async () => {
    const { data } = await ask('redrive_letters{state="open"}')
    return data.result.length === 2 ? data.result : undefined
  })
  assert.deepEqual(
    new Map(letters.map(({ metric, value }) => [metric['queue'], value[1]])),
    new Map([
      ['orders', '2'],
      [hostile, '1'],
    ]),
  )
  const alerts = await until('a rule pends or fires', async () => {
    const answer = (await prometheus.ask('/alerts')) as Answer<{ alerts: { labels: Record<string, string> }[] }>
    return answer.data.alerts.length > 0 ? answer.data.alerts : undefined
  })
  assert.ok(alerts.some(({ labels }) => labels['alertname'] === 'RedriveNewCause' && labels['queue'] === 'orders'))

  const dashboard = JSON.parse(readFileSync(path.join(monitoring, 'grafana-dashboard.json'), 'utf8')) as {
    readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[]
  }
  for (const { title, targets } of dashboard.panels)
    for (const { expr } of targets) {
      const answer = await ask(expr.replaceAll('$queue', '.*'))
      assert.equal(answer.status, 'success', `${title}: ${JSON.stringify(answer)}`)
    }
})
