import type { ErrorLevel, Frame, StackParser } from '../parsed.ts'
import { moduleOfPath } from '../parsed.ts'

/** `Class: message in file:7`, `#0 file(7): Class->method(args)`, `Next …` for the error that wraps it. */
export const parsePhp: StackParser = (lines) => {
  const levels: { head: string; frames: Frame[] }[] = []
  let level: { head: string; frames: Frame[] } | undefined
  for (const line of lines) {
    if (/^#\d+ /.test(line)) {
      level ??= open('')
      const frame = frameOf(line)
      if (frame !== null) level.frames.push(frame)
    } else if (line.startsWith('Next ')) level = open(line.slice(5))
    else if (line.startsWith('Stack trace:') || line.startsWith('  thrown in ')) continue
    else if (level === undefined) {
      if (line.trim() !== '') level = open(line.replace(/^(?:PHP )?(?:Fatal error: +)?(?:Uncaught )?/, ''))
    } else if (level.frames.length === 0) level.head += `\n${line}`
  }
  return levels.reverse().map(({ head, frames }): ErrorLevel => ({ ...headOf(head), frames }))

  function open(head: string): { head: string; frames: Frame[] } {
    const opened = { head, frames: [] }
    levels.push(opened)
    return opened
  }
}

function headOf(text: string): { errorClass: string | null; message: string | null } {
  const at = text.lastIndexOf(' in ')
  const head = at !== -1 && /:\d+\s*$/.test(text) ? text.slice(0, at) : text
  const match = /^([A-Za-z_\\][\w\\]{0,199})(?:: ?|$)/.exec(head)
  if (match === null) return { errorClass: null, message: head === '' ? null : head }
  return { errorClass: match[1] ?? null, message: head.slice(match[0].length) || null }
}

const builtin =
  /^(?:Array|Closure|Date|DOM|Directory|Error|Exception|Fiber|Generator|Imagick|Intl|Iterator|Json|Memcache|Number|PDO|Phar|Redis|Reflection|Session|Simple|Soap|Spl|SQLite|Throwable|Weak|XML|XSL|Zip|mysqli|finfo|curl)/i

function frameOf(line: string): Frame | null {
  const colon = line.indexOf(': ')
  if (colon === -1) return null
  const place = line.slice(line.indexOf(' ') + 1, colon)
  const paren = line.indexOf('(', colon)
  const call = line.slice(colon + 2, paren === -1 ? undefined : paren).trim()
  if (call === '' || place === '[internal function]') return null
  const file = place.replace(/\(\d+\)$/, '')
  const split = /^(.*?)(?:->|::)(.*)$/.exec(call)
  const owner = split?.[1] ?? ''
  const name = (split?.[2] ?? call).replace(/^.*\{closure.*$/, '{closure}')
  const own = owner === '' ? call.includes('\\') : owner.includes('\\') || !builtin.test(owner)
  const vendor = /[\\/]vendor[\\/]/.test(file) || file.startsWith('phar:')
  return { module: owner === '' ? moduleOfPath(file) : owner, name, inApp: own && !vendor && !libraries.test(owner) }
}

const libraries =
  /^(?:Symfony|Illuminate|Doctrine|GuzzleHttp|Monolog|Psr|Laravel|Laminas|Zend|Twig|PhpAmqpLib|Aws|Predis|React|Amp|Enqueue|League|Carbon|Ramsey|PHPUnit|Composer|Google|MongoDB|Yii|Cake|Nette|Sentry|Bunny|Interop)\\/
