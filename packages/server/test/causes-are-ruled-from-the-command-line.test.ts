import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sayRulesByFile } from '../src/causes/index.ts'
import { api } from './api-bed.ts'
import { commandLine } from './command-line.ts'
import { causeOf, grouped, regrouped } from './regroup-bed.ts'

const header = (name: string, value: string) => ({ name, value: Buffer.from(value) })

test('merge, split, rules and what takes them back, as typed', async (t) => {
  const { bed, url, token } = await api(t)
  const { store } = bed
  const redrive = commandLine({ url, token })
  await bed.captured(
    { errorClass: 'Timeout', error: 'no answer in time' },
    { errorClass: 'Timeout', error: 'no answer in time', headers: [header('tenant', 'acme\u001b[31m')] },
    { errorClass: 'Refused', error: 'connection refused' },
  )
  const [timeout, refused] = [await causeOf(store, /^Timeout/), await causeOf(store, /^Refused/)]

  const preview = await redrive('cause', 'merge', timeout, '--into', refused, '--preview')
  assert.equal(preview.code, 0, preview.err)
  assert.match(preview.out, /^2 letters would move\ncauses of them: 2 now, 1 then\n/)
  assert.match(
    preview.out,
    new RegExp(`2\t${timeout}\tTimeout: no answer in time\t${refused}\tRefused: connection refused\t2 open\tl_`),
  )
  assert.equal(
    (await redrive('rules', 'list')).err,
    'Nothing is said about causes: each letter is where the algorithm put it.\n',
  )

  const without = await redrive('cause', 'merge', timeout, '--into', refused)
  assert.deepEqual([without.code, /A reason is needed/.test(without.err)], [2, true])
  const other = await redrive('cause', 'merge', timeout, '--into', refused, '--reason', 'one outage', '--expect', '3')
  assert.deepEqual([other.code, /It would move 2 letters, not 3/.test(other.err)], [7, true], other.err)
  const merged = await redrive('cause', 'merge', timeout, '--into', refused, '--reason', 'one outage', '--expect', '2')
  assert.equal(merged.code, 0, merged.err)
  const rule = /redrive rules remove (g_\w+)/.exec(merged.err)?.[1] ?? ''
  assert.match((await redrive('rules', 'show', rule)).out, /moved +0 of 0, going on/)
  await regrouped(store)
  assert.deepEqual(await grouped(store), { 'Refused: connection refused': 3 })
  const shown = await redrive('cause', 'show', timeout)
  assert.match(
    shown.out,
    new RegExp(
      `letters +none\ngoes +all letters of ${timeout} belong to ${refused}: merge ${rule} by .*: one outage\nnow in +${refused}`,
    ),
  )
  assert.match((await redrive('cause', 'show', refused)).out, new RegExp(`comes +all letters of ${timeout} belong`))
  assert.ok(!(await redrive('causes')).out.includes(timeout))
  assert.ok((await redrive('causes', '--emptied')).out.includes(timeout))

  const where = ['--where', 'header:tenant=acme*', '--where', 'class=Timeout']
  const split = await redrive('cause', 'split', refused, ...where, '--title', 'of acme', '--reason', 'theirs', '--json')
  const answer = JSON.parse(split.out) as {
    rule: { id: string; into: string; where: string[] }
    preview: { letters: number }
  }
  assert.deepEqual([answer.rule.where, answer.preview.letters], [['header:tenant=acme*', 'class=Timeout'], 1])
  await regrouped(store)
  assert.deepEqual(await grouped(store), { 'Refused: connection refused': 2, 'of acme': 1 })

  const per = ['--where', 'header:tenant', '--per', 'header:tenant', '--title', 'tenant {value}']
  const added = await redrive('rules', 'add', 'tenants', ...per, '--reason', 'each its own')
  assert.match(added.out, /^1 letter moves\n/)
  await regrouped(store)
  assert.deepEqual(await grouped(store), { 'Refused: connection refused': 2, 'tenant acme [31m': 1 })
  const list = await redrive('rules', 'list')
  assert.match(list.out, /\trule\ttenants\theader:tenant\tone per header:tenant\t1 of 3\t/)
  assert.match(list.out, new RegExp(`${rule}\tmerge\t–\tof ${timeout}\t${refused}\t2 of 2\t`))
  const again = await redrive('rules', 'add', 'tenants', ...per, '--reason', 'twice')
  assert.deepEqual([again.code, /There is a rule "tenants" already/.test(again.err)], [7, true])
  assert.equal((await redrive('rules', 'add', 'x', '--where', 'body~x', '--preview')).code, 2)

  for (const { id } of JSON.parse((await redrive('rules', 'list', '--json')).out) as { id: string }[])
    assert.equal((await redrive('rules', 'remove', id, '--reason', 'over')).code, 0)
  await regrouped(store)
  assert.deepEqual(await grouped(store), { 'Refused: connection refused': 1, 'Timeout: no answer in time': 2 })
  const all = await redrive('rules', 'list', '--all')
  assert.equal(all.out.trim().split('\n').length, 4)
})

test('the configuration says rules: they come first, in its order, and go with it', async (t) => {
  const { bed, url, token } = await api(t)
  const { store } = bed
  const redrive = commandLine({ url, token })
  await bed.captured(
    { errorClass: 'Timeout', error: 'no answer in time' },
    { errorClass: 'Refused', error: 'connection refused' },
  )
  const say = async (rules: Parameters<typeof sayRulesByFile>[1]['rules'], file = '/etc/redrive.yaml') => {
    await sayRulesByFile(store, { file, rules })
    await regrouped(store)
    return grouped(store)
  }
  await redrive('rules', 'add', 'mine', '--where', 'consumer=reefer', '--reason', 'mine')
  await redrive('rules', 'add', 'network', '--where', 'class=Nothing', '--reason', 'mine')
  await regrouped(store)
  assert.deepEqual(await grouped(store), { mine: 2 })
  const network = { name: 'network', where: ['class=Timeout'] }
  const all = { name: 'all', where: ['tier=transient'] }
  assert.deepEqual(await say([network, all]), { all: 1, network: 1 })
  const version = async () => (await store.pool.query('select version from cause_rule_version')).rows
  const before = await version()
  assert.deepEqual(await say([network, all]), { all: 1, network: 1 })
  assert.deepEqual(await version(), before, 'what is said again changes nothing')
  assert.deepEqual(await say([all, network]), { all: 2 }, 'another order')
  assert.deepEqual(await say([{ ...network, queue: 'elsewhere' }, all]), { all: 2 })
  const { out } = await redrive('rules', 'list', '--json')
  const rules = JSON.parse(out) as { id: string; name: string; file: string | null }[]
  assert.deepEqual(
    rules.map(({ name, file }) => [name, file]),
    [
      ['network', '/etc/redrive.yaml'],
      ['all', '/etc/redrive.yaml'],
      ['mine', null],
    ],
    'the one made by hand gave way to the one of its name',
  )
  const refused = await redrive('rules', 'remove', rules[0]?.id ?? '', '--reason', 'x')
  assert.deepEqual([refused.code, /Take it out of \/etc\/redrive.yaml/.test(refused.err)], [7, true])
  assert.deepEqual(await say([], '/etc/other.yaml'), { all: 2 }, 'another file says nothing about these')
  assert.deepEqual(await say([]), { mine: 2 })
})
