import type { ErrorLevel, Frame, StackParser } from '../parsed.ts'
import { splitHead } from '../parsed.ts'

/** Java, Kotlin, Scala and Groovy: `at a.b.C.method(File.java:7)`, `Caused by:`, `... 7 more`. */
export const parseJvm: StackParser = (lines) => {
  const levels: { head: string; frames: Frame[] }[] = []
  let level: { head: string; frames: Frame[] } | undefined
  let suppressed = false
  for (const line of lines) {
    const text = line.trimStart()
    if (text.startsWith('at ')) {
      if (suppressed) continue
      level ??= open('')
      level.frames.push(frameOf(text) ?? generated)
    } else if (text.startsWith('... ')) {
      const parent = levels.at(-2)
      const count = Number.parseInt(text.slice(4), 10)
      // The JVM leaves out what an error has in common with the one it caused.
      if (!suppressed && parent !== undefined && level !== undefined && count > 0)
        level.frames.push(...parent.frames.slice(-count))
    } else if (text.startsWith('Caused by: ')) {
      suppressed = false
      level = open(text.slice(11))
    } else if (text.startsWith('Suppressed: ')) suppressed = true
    else if (suppressed) continue
    else if (level === undefined) level = open(text.replace(/^Exception in thread "[^"]*" /, ''))
    else if (level.frames.length === 0) level.head += `\n${line}`
  }
  return levels.map(({ head, frames }): ErrorLevel => ({ ...splitHead(head), frames }))

  function open(head: string): { head: string; frames: Frame[] } {
    const opened = { head, frames: [] }
    levels.push(opened)
    return opened
  }
}

// Counts for `... 7 more`, says nothing about the cause.
const generated: Frame = { module: '', name: '', inApp: false }

const libraries =
  /^(?:java|javax|jakarta|jdk|sun|com\.sun|kotlin|kotlinx|scala|groovy|clojure|zio|cats|akka|play|slick|rx|feign|okhttp3|okio|retrofit2|reactor|weblogic|oracle|liquibase|junit|org\.(?:springframework|apache|hibernate|eclipse|h2|postgresql|mariadb|xerial|jboss|jooq|slf4j|junit|aspectj|mockito|redisson|bson|elasticsearch|opensearch|quartz|glassfish|flywaydb|codehaus|aopalliance|reactivestreams|jetbrains|yaml|json|w3c|xml|bouncycastle|neo4j|thymeleaf|objectweb|wildfly|infinispan|axonframework)|io\.(?:netty|grpc|micrometer|opentelemetry|opentracing|quarkus|micronaut|vertx|reactivex|lettuce|r2dbc|smallrye|ktor|confluent|debezium|jsonwebtoken|undertow|dropwizard|prometheus|sentry|nats|github\.resilience4j|awspring)|com\.(?:fasterxml|google|mysql|zaxxer|netflix|amazonaws|azure|microsoft|rabbitmq|mongodb|datastax|ibm|codahale|github\.(?:benmanes|rholder)|esotericsoftware|squareup|typesafe|atomikos|mchange|alibaba|lmax|hazelcast|couchbase|datadog|newrelic|jayway|sendgrid|stripe|twilio|solacesystems)|net\.(?:bytebuddy|jodah|sf|spy)|software\.amazon|redis\.clients|ch\.qos|dev\.failsafe)\./

function frameOf(text: string): Frame | null {
  const paren = text.indexOf('(')
  if (paren === -1) return null
  let call = text.slice(3, paren)
  // `app//a.B.c` and `java.base@17/a.B.c` carry loader and module in front.
  const slash =
    call.indexOf('$$Lambda') === -1 ? call.lastIndexOf('/') : call.slice(0, call.indexOf('$$Lambda')).lastIndexOf('/')
  const jdk = slash > 0 && /^(?:java|jdk)\./.test(call)
  call = call.slice(slash + 1)
  const dot = call.lastIndexOf('.')
  if (dot <= 0) return null
  const owner = call.slice(0, dot)
  const method = call.slice(dot + 1)
  if (
    /\$\$(?:Lambda|FastClass|Enhancer)|\$Proxy\d|^(?:com\.sun\.proxy|jdk\.proxy)|GeneratedMethodAccessor|BySpringCGLIB|ByCGLIB/.test(
      owner,
    )
  ) {
    return null
  }
  if (method.startsWith('access$')) return null
  const inApp = !jdk && !libraries.test(`${owner}.`)
  const coroutine = /^([\w.]+)\$(\w+?)(?:\$\d+)+$/.exec(owner)
  if (coroutine !== null && (method === 'invokeSuspend' || method === 'invoke' || method === 'emit')) {
    return { module: coroutine[1] ?? owner, name: coroutine[2] ?? method, inApp }
  }
  return { module: owner.replace(/(?:\$\d+)+(?=\$|$)/g, ''), name: methodName(method), inApp }
}

function methodName(method: string): string {
  const lambda = /^(?:lambda\$|\$anonfun\$)(\w+?)(?:\$\d+)*(?:\$adapted)?$/.exec(method)
  return (lambda?.[1] ?? method).replace(/\$(?:\d+|default|suspendImpl)$/g, '')
}
