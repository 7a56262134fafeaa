import type { ErrorLevel, Frame, StackParser } from '../parsed.ts'

/** `Outer: text ---> Inner: text`, innermost calls first, `--- End of inner exception stack trace ---` between errors. */
export const parseDotnet: StackParser = (lines) => {
  const head: string[] = []
  const parts: Frame[][] = [[]]
  let begun = false
  for (const line of lines) {
    const text = line.trimStart()
    if (text.startsWith('at ') && line !== text) {
      begun = true
      const frame = frameOf(text.slice(3))
      if (frame !== null) parts.at(-1)?.push(frame)
    } else if (text.startsWith('--- End of inner')) {
      begun = true
      parts.push([])
    } else if (!begun && text !== '' && head.length < 40) head.push(line)
    // Further members of an AggregateException repeat what the first one says.
    else if (begun && text.startsWith('---> (Inner Exception #')) break
  }
  const errors = head
    .join('\n')
    .replace(/^\[ERROR\] FATAL UNHANDLED EXCEPTION: |^(?:Unhandled exception\. |Unhandled Exception:\s*)/, '')
    .split(/\s?---> (?:\(Inner Exception #\d+\) )?/)
    .map(headOf)
  // The last error named in the head owns the first frames.
  const levels = errors.map(
    (error, index): ErrorLevel => ({ ...error, frames: parts[errors.length - 1 - index] ?? [] }),
  )
  return levels
}

function headOf(text: string): { errorClass: string | null; message: string | null } {
  const match = /^([A-Za-z_][\w.`+]{0,199})(?: \([^)]{0,60}\))?(?:: ?|$)/.exec(text)
  if (match === null) return { errorClass: null, message: text === '' ? null : text }
  return { errorClass: match[1] ?? null, message: text.slice(match[0].length) || null }
}

const libraries =
  /^(?:System|Microsoft|Mono|Internal|Interop|Windows|Newtonsoft|NUnit|Xunit|Npgsql|MySql|MySqlConnector|Oracle|Dapper|MassTransit|NServiceBus|Rebus|RabbitMQ|Confluent|Polly|StackExchange|MongoDB|Serilog|NLog|AutoMapper|MediatR|Autofac|Castle|Grpc|Google|Azure|Amazon|Hangfire|Quartz|Wolverine|Marten|FluentValidation|Refit|RestSharp|Elasticsearch|Nest|CsvHelper|Orleans|Akka|EasyNetQ|Paramore|Silverback|KafkaFlow|Sentry|OpenTelemetry|Moq|FSharp)\./

function frameOf(text: string): Frame | null {
  const paren = text.indexOf('(')
  if (paren === -1) return null
  const call = text
    .slice(0, paren)
    .trimEnd()
    .replace(/^\(wrapper [\w-]+\) /, '')
    .replace(/\[[^\]]*\]$/, '')
  if (call.includes('(') || call.includes(' ')) return null
  const split = /^(.*?)\.(\.?[^.]+)$/.exec(call)
  if (split === null) return null
  const [, owner = '', name = ''] = split
  // State machines, closures and local functions carry the name of the method they were compiled from.
  const machine = /^(.*?)[.+]<(\w+)>d(?:__\d+)?(?:`\d+)?$/.exec(owner)
  const closure = /^(.*?)[.+]<(\w*)>c(?:__\w+)?(?:\.?<.*)?$/.exec(owner)
  const local = /^<(\w+)>(?:b|g)__(\w*)/.exec(name)
  const module = (machine?.[1] ?? closure?.[1] ?? owner).replaceAll('+', '.').replace(/`\d+/g, '')
  const lambda = name === 'MoveNext' ? /<(\w+)>[bg]__[^<>]*>d/.exec(owner) : null
  const method = lambda?.[1] ?? machine?.[2] ?? local?.[1] ?? (closure?.[2] || name)
  return { module, name: method.replace(/`\d+/g, ''), inApp: !libraries.test(`${owner}.`) }
}
