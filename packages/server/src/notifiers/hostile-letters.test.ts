import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Notice, Notifier } from '../alerts/index.ts'
import { httpReceiver } from '../testing/http-receiver.ts'
import { startMailServer } from '../testing/mail-server.ts'
import { noticeOf } from '../testing/notice.ts'
import { openNotifiers } from './index.ts'

const hostile: Readonly<Record<string, string>> = {
  'a mention of Slack': '<!channel> <!here> <@U012AB3CD> <!subteam^S1> @channel @here @everyone',
  'a link of Slack': '<https://evil.com|Acknowledge> <javascript:alert(1)|x> <mailto:a@evil.com>',
  'markup of Slack': '*bold* _it_ ~no~ `code` ```block``` > quote :rotating_light: &lt;!channel&gt;',
  'a link of Markdown': '[Acknowledge](https://evil.com) ![x](http://evil.com/x.png)',
  'bare links': 'https://evil.com www.evil.com evil.com EVIL.COM/x a@evil.com //evil.com ftp://evil.com evil.com例',
  'markup of a page': '</pre><script>alert(1)</script><img src=x onerror=alert(1)>&#60;b&#62;',
  'headers of a mail':
    'x\r\nBcc: eve@evil.com\r\nContent-Type: text/html\r\n\r\n<b>x</b>\n.\r\nMAIL FROM:<eve@evil.com>',
  'a folded header': 'x\n\tBcc: eve@evil.com\r Bcc: eve@evil.com\u2028Bcc: eve@evil.com\u0085Bcc: eve@evil.com',
  'an encoded word': '=?UTF-8?B?DQpCY2M6IGV2ZUBldmlsLmNvbQ==?= =?utf-8?q?=0D=0ABcc:_eve@evil.com?=',
  'what moves cursors and turns letters':
    '\u0000\u0007\u001b[2J\u001b]8;;http://evil.com\u0007\u202egnp.exe\u2066\u200b\ufeff\u{e0041}',
  'broken UTF-16': '\ud800 \udc00\ud800 x\udbff',
  'what a template fills in': '{{ template "x" . }} ${env:HOME} %s %n $(id) `id`',
  'a megabyte': '<@U1>\r\n'.repeat(150_000),
  'a megabyte of what grows': '\u202e'.repeat(500_000),
  'a key that is none': '__proto__',
  nothing: '',
}
const links = {
  acknowledge: 'https://office.example/acknowledge/a_0/c0de',
  runbook: 'javascript:alert(document.cookie)//https://evil.com',
}
const never = new AbortController().signal

/** What was sent, as whoever gets it sees it. */
interface Sent {
  /** Where nobody makes links of text. */
  readonly plain?: readonly string[]
  /** All other text, with nothing escaped any more. */
  readonly texts: readonly string[]
  /** What can be clicked. */
  readonly links: readonly string[]
  readonly bytes: number
}

type Deliver = (notice: Notice) => Promise<Sent>

/** All strings of JSON, by their place. */
function stringsOf(value: unknown, place = ''): readonly (readonly [string, string])[] {
  if (typeof value === 'string') return [[place, value]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, each]) => [
    [`${place}#`, key] as const,
    ...stringsOf(each, place === '' ? key : `${place}.${key}`),
  ])
}

async function byHttp(
  t: TestContext,
  {
    answer,
    open,
    see,
  }: {
    readonly answer: { readonly status: number; readonly body?: string }
    readonly open: (url: string) => Notifier | undefined
    readonly see: (value: unknown, body: string) => Omit<Sent, 'bytes'>
  },
): Promise<Deliver> {
  const { url, got } = await httpReceiver(t, answer)
  const notifier = open(url)
  return async (notice) => {
    assert.deepEqual(await notifier?.deliver({ key: 'k', notice }, never), { kind: 'delivered' })
    const { body } = got.at(-1) ?? { body: '' }
    return { ...see(JSON.parse(body), body), bytes: Buffer.byteLength(body) }
  }
}

const tell = (): void => undefined
const common = { perMinute: 60 } as const

const ways: Readonly<
  Record<string, { readonly mostBytes: number; readonly deliverer: (t: TestContext) => Promise<Deliver> }>
> = {
  slack: {
    mostBytes: 100_000,
    deliverer: (t) =>
      byHttp(t, {
        answer: { status: 200, body: 'ok' },
        open: (url) => openNotifiers({ n: { type: 'slack', url, ...common } }, { tell }).get('n'),
        see(value) {
          const { text, blocks } = value as { text: string; blocks: readonly { type: string }[] }
          assert.ok(blocks.length <= 50)
          assert.doesNotMatch(text, /[<>]|&(?!amp;)/, 'all that Slack reads as markup is escaped')
          const strings = stringsOf(blocks)
          for (const [place, each] of strings) {
            if (each === 'mrkdwn') assert.match(place, /^\d\.elements\.0\.type$/)
            if (/^\d\.elements\.0\.text$/.test(place))
              assert.match(each, /^Since <!date\^\d+\^\{date_short_pretty\} \{time_secs\}\|[\d: -]+ UTC>$/)
          }
          const shown = strings.filter(([place]) => place.endsWith('text') && !/^\d\.elements\.0\.text$/.test(place))
          for (const [place, each] of shown)
            assert.ok(
              each.length <= (place.startsWith('0.') ? 150 : /fields/.test(place) ? 2_000 : 3_000) && each.length > 0,
            )
          return {
            // A field is a name and a value, on a line each.
            plain: shown.flatMap(([place, each]) => (place.includes('fields') ? each.split('\n') : [each])),
            texts: [text.replaceAll('&amp;', '&')],
            links: strings.filter(([place]) => place.endsWith('url')).map(([, each]) => each),
          }
        },
      }),
  },
  pagerduty: {
    mostBytes: 100_000,
    deliverer: (t) =>
      byHttp(t, {
        answer: { status: 202 },
        open: (url) =>
          openNotifiers({ n: { type: 'pagerduty', url, routingKey: 'r'.repeat(32), ...common } }, { tell }).get('n'),
        see(value) {
          const event = value as {
            dedup_key: string
            payload: { summary: string; source: string }
            links: readonly { href: string }[]
          }
          assert.equal(event.dedup_key, noticeOf().alert)
          assert.ok(event.payload.summary.length <= 1_024)
          assert.ok(event.payload.source.length > 0)
          return { texts: stringsOf(event.payload).map(([, each]) => each), links: event.links.map(({ href }) => href) }
        },
      }),
  },
  alertmanager: {
    mostBytes: 100_000,
    deliverer: (t) =>
      byHttp(t, {
        answer: { status: 200 },
        open: (url) => openNotifiers({ n: { type: 'alertmanager', url, ...common } }, { tell }).get('n'),
        see(value) {
          const [alert] = value as readonly { labels: Record<string, string>; annotations: Record<string, string> }[]
          const {
            acknowledge_url: acknowledge = '',
            runbook_url: runbook,
            description = '',
            ...annotations
          } = alert?.annotations ?? {}
          assert.equal(runbook, undefined)
          assert.deepEqual(Object.keys(alert?.labels ?? {}), ['alertname', 'alert', 'rule', 'severity', 'queue'])
          assert.equal(description.split('\n').length, 2, 'one line for each fact')
          return { texts: [...Object.values(annotations), ...description.split('\n')], links: [acknowledge] }
        },
      }),
  },
  email: {
    mostBytes: 100_000,
    async deliverer(t) {
      const server = await startMailServer({ withoutStartTls: true })
      t.after(() => server.stop())
      const url = `smtp://127.0.0.1:${server.port}`
      const settings = {
        type: 'email',
        url,
        from: 'redrive@office.example',
        to: ['oncall@team.example'],
        tls: 'off',
      } as const
      const notifier = openNotifiers({ n: { ...settings, ...common } }, { tell }).get('n')
      return async (notice) => {
        assert.deepEqual(await notifier?.deliver({ key: 'k', notice }, never), { kind: 'delivered' })
        const { from, to, headers, text, raw } = server.got.at(-1) ?? assert.fail()
        assert.deepEqual([from, to], ['redrive@office.example', ['oncall@team.example']])
        assert.deepEqual(headers.map(([name]) => name).toSorted(), [
          'auto-submitted',
          'content-transfer-encoding',
          'content-type',
          'date',
          'from',
          'message-id',
          'mime-version',
          'subject',
          'to',
          'x-auto-response-suppress',
        ])
        assert.match(headers.find(([name]) => name === 'content-type')?.[1] ?? '', /^text\/plain/)
        assert.doesNotMatch(raw.replaceAll('\r\n', ''), /[\r\n\0]/)
        assert.ok(raw.split('\r\n').every((line) => line.length <= 998))
        assert.equal(server.got.at(-1)?.headers.filter(([name]) => name === 'subject').length, 1)
        const subject = headers.find(([name]) => name === 'subject')?.[1] ?? ''
        assert.ok(subject.length <= 300)
        assert.doesNotMatch(subject, /[\p{Cc}\p{Cf}]/u)
        const lines = text.replaceAll('\r\n', '\n').trimEnd().split('\n')
        const links = lines.flatMap((line) => (line.startsWith('Acknowledge: ') ? [line.slice(13)] : []))
        assert.equal(lines.length, 10, 'no text makes a line of its own')
        return {
          texts: lines.filter((line) => !line.startsWith('Acknowledge: ')).map((line) => line.replace(/^Since .*/, '')),
          links,
          bytes: raw.length,
        }
      }
    },
  },
  log: {
    mostBytes: 5_000,
    async deliverer() {
      const lines: string[] = []
      const notifier = openNotifiers({}, { tell: (line) => void lines.push(line) }).get('log')
      return async (notice) => {
        assert.deepEqual(await notifier?.deliver({ key: 'k', notice }, never), { kind: 'delivered' })
        const line = lines.at(-1) ?? ''
        // A terminal makes links of what control characters tell it to.
        return { plain: [line.replaceAll(/[<>]/g, '')], texts: [], links: [links.acknowledge], bytes: line.length }
      }
    },
  },
  webhook: {
    mostBytes: 40_000_000,
    deliverer: (t) =>
      byHttp(t, {
        answer: { status: 200 },
        open: (url) =>
          openNotifiers({ n: { type: 'webhook', url, secret: `whsec_${'k'.repeat(40)}`, ...common } }, { tell }).get(
            'n',
          ),
        see(value, body) {
          const { data } = value as { data: Notice }
          assert.ok(body.isWellFormed())
          assert.equal(data.alert, noticeOf().alert)
          // It is for programs, which get it whole and escape it where they show it.
          return { texts: [], links: [links.acknowledge] }
        },
      }),
  },
}

for (const [way, { deliverer, mostBytes }] of Object.entries(ways))
  test(`what letters say injects nothing by ${way}, and keeps its size`, async (t) => {
    const deliver = await deliverer(t)
    for (const [what, text] of Object.entries(hostile))
      await t.test(what, async () => {
        const sent = await deliver(
          noticeOf({
            title: text,
            queue: text,
            owner: text,
            facts: [
              { name: text, value: text },
              { name: 'error', value: text },
            ],
            next: text,
            links,
          }),
        )
        assert.deepEqual(sent.links, [links.acknowledge], 'nothing can be clicked but what is ours')
        assert.ok(sent.bytes <= mostBytes, `${sent.bytes} bytes`)
        for (const each of [...(sent.plain ?? []), ...sent.texts]) {
          assert.ok(each.isWellFormed())
          assert.doesNotMatch(each, /[<>]/)
          assert.doesNotMatch(each, /\p{Cc}|(?!\u2060)\p{Cf}|[\u2028\u2029]/u)
        }
        for (const each of sent.texts) assert.doesNotMatch(each, /:\/\/|www\.\w|\w\.(?:com|png)\b|@\w/i)
      })
  })
