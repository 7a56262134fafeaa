import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { fingerprint } from './index.ts'

// Real reports of each runtime: what is read off them is pinned here, so that a change of the keys is seen.
const golden: readonly { id: string; title: string; frames: string[] }[] = [
  {
    id: '02e933ebd26e', // java, depth
    title: 'JdbcSQLIntegrityConstraintViolationException: NULL not allowed for column "EMAIL"; SQL statement:',
    frames: [
      'com.acme.orders.OrderStore#write',
      'com.acme.orders.OrderStore#insert',
      'com.acme.orders.OrderListener#nullEmail',
      'com.acme.platform.Pipeline$Tracing#apply',
      'com.acme.platform.Pipeline#wrap',
      'com.acme.platform.Pipeline$Metrics#apply',
      'com.acme.platform.Main#main',
    ],
  },
  {
    id: '5e88c29758b6', // java, thread
    title: 'FileNotFoundException: /data/imports/<*>.csv (No such file or directory)',
    frames: [
      'com.acme.orders.StockListener$CsvImport#run',
      'com.acme.orders.StockListener#plugin',
      'com.acme.platform.Main#main',
    ],
  },
  {
    id: '920a514fec35', // kotlin, base
    title: 'NoSuchElementException: List is empty.',
    frames: ['com.acme.loyalty.Points#first'],
  },
  {
    id: 'b3ba38e70134', // kotlin, retry
    title: 'TimeoutCancellationException: Timed out waiting for <duration>',
    frames: ['com.acme.loyalty.WorkerKt#main'],
  },
  {
    id: '845fb17f70a9', // javascript, retry
    title: 'Error: connect ECONNREFUSED <host>',
    frames: ['remote#mail', 'platform#cur', 'worker#main'],
  },
  {
    id: '1d63160ab3cf', // javascript, uncaught
    title: 'Error: mirror <host> has no <id> (ttl <n>)',
    frames: ['cart#fromMirror', 'cart#<anonymous>', 'cart#mirrors', 'worker#main'],
  },
  {
    id: '9188273fe7b5', // javascript, windows-path
    title: 'AxiosError: timeout of <duration> exceeded',
    frames: ['remote#crm', 'worker#main'],
  },
  {
    id: '0590f950e76a', // javascript, minified
    title: 'AxiosError: Request failed with status code 503',
    frames: [],
  },
  {
    id: 'ca29e2c375eb', // javascript, minified+map
    title: 'AxiosError: Request failed with status code 503',
    frames: ['remote#?', 'worker#?'],
  },
  {
    id: '622ab957ff97', // typescript, source-map
    title: 'LedgerError: POST /entries/<*> answered 503',
    frames: ['ledger#LedgerService.post', 'worker#main'],
  },
  {
    id: 'c3e2f9ccd390', // python, base
    title: 'ConnectionRefusedError: [Errno 111] Connection refused',
    frames: ['remote#rate', 'remote#tax_for', 'remote#on_tax', 'platform_#wrapper', 'worker#main'],
  },
  {
    id: 'fd8921aec465', // python, depth
    title: "InvalidOperation: [<class 'decimal.ConversionSyntax'>]",
    frames: ['orders#to_decimal', 'orders#on_reprice', 'platform_#wrapper', 'platform_#inner', 'worker#main'],
  },
  {
    id: 'f3a1ab1292bd', // ruby, retry
    title: 'ReadTimeout: Net::ReadTimeout with #<Socket:(closed)>',
    frames: ['remote#get', 'remote#pdf', 'platform#run', 'worker#<main>'],
  },
  {
    id: '27f7792ef966', // ruby, base
    title: "TypeError: String can't be coerced into Integer",
    frames: ['orders#merge', 'platform#run', 'platform#nest', 'worker#<main>'],
  },
  {
    id: '73ff24338e69', // php, base
    title: 'Exception: Failed to parse time string (<time>) at position <n> (<n>): Double time specification',
    frames: ['Shop\\Billing#due', 'Shop\\Platform#run'],
  },
  {
    id: '35e86e75c20e', // go, base
    title: 'sku <id> not in catalogue',
    frames: ['shop/orders#load', 'shop/orders#Lookup', 'main#consume', 'main#main'],
  },
  {
    id: '0ce664c14c2e', // go, thread
    title: 'TypeAssertionError: interface conversion: interface {} is string, not float64',
    frames: ['shop/billing#toCents', 'shop/billing#Convert', 'main#consume', 'main#main'],
  },
  {
    id: '36884d65fe12', // go, retry
    title: 'invoice <n>: render pdf: Get "<url>/slow/pdf/<*>": context deadline exceeded',
    frames: [],
  },
  {
    id: '98fa5921c7a7', // rust, base
    title: 'missing field `sku` at line <n> column <n>',
    frames: [
      'shop::orders#parse',
      'shop::orders#decode_sku',
      'shop::platform#traced',
      'shop::platform#run',
      'shop#consume',
      'shop#main',
    ],
  },
  {
    id: '7bfb96c40e12', // rust, full-trace
    title: 'panic: RefCell already borrowed',
    frames: [
      'shop::billing#put',
      'shop::billing#cache',
      'shop::platform#traced',
      'shop::platform#run',
      'shop#consume',
      'shop#main',
    ],
  },
  {
    id: '4f5432532302', // csharp, depth
    title: 'WebException: The remote server returned an error: (404) Not Found.',
    frames: [
      'Acme.Billing.InvoiceConsumer#Get',
      'Acme.Billing.InvoiceConsumer#Status',
      'Acme.Platform.Worker#Wrap',
      'Acme.Platform.Worker#Main',
    ],
  },
  {
    id: '6eb77340acf4', // elixir, retry
    title: 'ledger answered 503 for account <n>',
    frames: ['Shop.Orders#ledger', 'Shop.Worker#handle', 'Shop.Worker#again', 'Shop.Worker#run', 'Shop.Worker#main'],
  },
  {
    id: '60a2e9178af7', // erlang, base
    title: 'FunctionClauseError: no function clause matching in :shop_erl.rate/<n>',
    frames: [
      ':shop_erl#rate',
      ':shop_erl#bonus',
      'Shop.Orders#bonus',
      'Shop.Worker#handle',
      'Shop.Worker#run',
      'Shop.Worker#main',
    ],
  },
  {
    id: '27c86265ebab', // perl, depth
    title: 'Can\'t call method "name" on an undefined value',
    frames: ['Shop::Orders#hello', 'Shop::Orders#greet', 'main#traced'],
  },
]

const file = join(import.meta.dirname, '../../fixtures/traces/reports.jsonl.gz')
const reports = new Map(
  gunzipSync(readFileSync(file))
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map((report) => [String(report.id), report]),
)

for (const { id, title, frames } of golden) {
  test(`report ${id}: ${title}`, () => {
    const { queue, consumer, errorClass, message, stack } = reports.get(id)
    const found = fingerprint({ queue, consumer, errorClass, message, stack })
    assert.deepEqual({ title: found.title, frames: found.shape.frames }, { title, frames })
    assert.match(found.key, /^[0-9a-f]{32}$/)
    assert.equal(found.basis, frames.length > 0 ? 'frames' : 'message')
  })
}

test('keys stay what they are until the version goes up', () => {
  const { key, scope } = fingerprint({
    queue: 'orders',
    consumer: 'reefer',
    tier: 'permanent',
    errorClass: 'TypeError',
    message: 'no unit 17',
    stack: 'TypeError: no unit 17\n    at allocate (file:///srv/reefer/src/allocate.ts:41:17)',
  })
  assert.deepEqual(
    { key, scope },
    { key: '8a46ec7b59a3db9c3e2ca658b6496860', scope: 'c53f11abe64518b99807f77dc4756383' },
  )
})
