import type { ErrorLevel, Frame, StackParser } from '../parsed.ts'
import { moduleOfPath } from '../parsed.ts'

/** Tracebacks: innermost call last, the first error of a chain first. */
export const parsePython: StackParser = (lines) => {
  const levels: ErrorLevel[] = []
  let frames: Frame[] = []
  let head: string[] = []
  let inFrames = false
  let grouped = false
  for (const raw of lines) {
    // Members of an exception group are indented behind a bar; the first one speaks for all.
    const member = /^ {2,40}\+(?:-\+)?-+ (\d+) -+$/.exec(raw)
    if (member !== null) {
      if (member[1] !== '1') break
      close()
      grouped = true
      continue
    }
    const line = raw.replace(/^ {2,40}\| ?/, '')
    if (line.includes('Traceback (most recent call last)')) {
      close()
      inFrames = true
      continue
    }
    const frame = frameOf(line)
    if (frame !== null) {
      if (!inFrames && head.length > 0) close()
      inFrames = true
      frames.push(frame)
    } else if (line.startsWith('The above exception was') || line.startsWith('During handling of the above')) close()
    else if (inFrames && (line.startsWith('  ') || line === '')) continue
    else if (line.trimStart().startsWith('+---')) continue
    else if (inFrames) {
      inFrames = false
      head = [line]
    } else if (head.length > 0 && head.length < 8) head.push(line)
  }
  close()
  return grouped ? levels : levels.reverse()

  function close(): void {
    if (frames.length > 0 || head.length > 0) {
      while (head.at(-1)?.trim() === '') head.pop()
      levels.push({ ...headOf(head.join('\n')), frames: frames.reverse() })
    }
    frames = []
    head = []
    inFrames = false
  }
}

function headOf(text: string): { errorClass: string | null; message: string | null } {
  const match = /^([A-Za-z_][\w.]{0,199})(?:: ?|$)/.exec(text)
  if (match === null) return { errorClass: null, message: text === '' ? null : text }
  const message = text.slice(match[0].length)
  return { errorClass: match[1] ?? null, message: message === '' ? null : message }
}

function frameOf(line: string): Frame | null {
  if (!line.startsWith('  File "')) return null
  const end = line.indexOf('", line ')
  if (end === -1) return null
  const file = line.slice(8, end)
  const comma = line.indexOf(', in ', end)
  const name = comma === -1 ? '<module>' : line.slice(comma + 5)
  if (name === '<listcomp>' || name === '<dictcomp>' || name === '<setcomp>' || name === '<genexpr>') return null
  return { module: moduleOfPath(file), name, inApp: !isLibrary(file) && !name.includes('.') }
}

function isLibrary(file: string): boolean {
  return (
    file.startsWith('<') ||
    /[\\/](?:site-packages|dist-packages|lib[\\/]python\d|lib-dynload|Python\d{2,3}[\\/][Ll]ib|\.venv|virtualenvs)(?:[\\/.]|\d)/.test(
      file,
    )
  )
}
