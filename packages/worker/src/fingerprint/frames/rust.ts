import type { ErrorLevel, Frame, StackParser } from '../parsed.ts'

/** Panics and `anyhow`/`eyre` reports: `Caused by:` lists, then `3: crate::fn` over `at file.rs:7:1`. */
export const parseRust: StackParser = (lines) => {
  const chain: string[] = []
  const frames: Frame[] = []
  let head = ''
  let panic = false
  let part: 'head' | 'causes' | 'frames' = 'head'
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? ''
    if (/^\s*(?:Stack backtrace|stack backtrace|Backtrace):/.test(line)) part = 'frames'
    else if (part !== 'frames' && /^\s*Caused by:/.test(line)) part = 'causes'
    else if (part === 'frames') {
      const match = /^ {0,6}\d{1,4}: {1,8}(?:0x[0-9a-f]+ - )?(.{1,1000})$/.exec(line)
      if (match === null) continue
      const at = /^ {6,30}at (.{1,1000})$/.exec(lines[index + 1] ?? '')
      const frame = frameOf(match[1] ?? '', at?.[1] ?? null)
      if (frame !== null) frames.push(frame)
    } else if (part === 'causes') {
      const text = line.trim().replace(/^\d{1,3}: /, '')
      if (text !== '' && chain.length < 20) chain.push(text)
    } else if (/^thread '.{0,200}' (?:\(\d+\) )?panicked at /.test(line)) {
      panic = true
      const old = /panicked at '(.*)', \S+$/.exec(line)
      head = old?.[1] ?? ''
    } else if (line.startsWith('note: ')) continue
    else if (line.trim() !== '') head += head === '' ? line.replace(/^Error: /, '') : `\n${line}`
  }
  const messages = [head, ...chain].filter((text) => text !== '')
  if (messages.length === 0) messages.push('')
  return messages.map(
    (text, depth): ErrorLevel => ({
      errorClass: panic ? 'panic' : null,
      message: text === '' ? null : text,
      frames: depth === messages.length - 1 ? frames : [],
    }),
  )
}

const crates =
  /^(?:std|core|alloc|proc_macro|test|backtrace|anyhow|eyre|color_eyre|thiserror|tokio\w*|futures\w*|async_std|hyper\w*|tower\w*|axum\w*|actix\w*|serde\w*|reqwest|sqlx\w*|diesel|rdkafka\w*|lapin|tracing\w*|log|rayon\w*|crossbeam\w*|mio|h2|http|rustls|native_tls|openssl|tonic|prost|regex|chrono|clap|parking_lot\w*|aws_\w+|redis|mongodb|tungstenite|smol|once_cell|lazy_static|bytes|url|uuid|rand\w*)(?:::|$)/

function frameOf(raw: string, file: string | null): Frame | null {
  const symbol = raw
    .replace(/\[[0-9a-f]{16}\]/g, '')
    .replace(/::h[0-9a-f]{16}$/, '')
    .replace(/(?:::\{\{closure\}\}|::\{closure(?:#\d+)?\}|::\{async_fn_env#\d+\})+/g, '')
  const generic = /^<(\w+::[\w:]+)(?:<[^>]*>)?(?: as [^>]+>*)?>::(\w+)$/.exec(symbol)
  const plain = generic === null ? symbol.replace(/::<[^]*$/, '') : `${generic[1]}::${generic[2]}`
  const cut = plain.lastIndexOf('::')
  if (cut === -1 || plain.startsWith('<') || plain.startsWith('_')) return { module: '', name: plain, inApp: false }
  const library =
    crates.test(plain) ||
    (file !== null && /\/rustc\/|\/registry\/|\.cargo|\/rustlib\/|\/git\/checkouts\/|^library\//.test(file))
  return { module: plain.slice(0, cut), name: plain.slice(cut + 2), inApp: !library }
}
