import type { Frame, StackParser } from '../parsed.ts'

/** Elixir's `** (Class) text` with `(app 1.0.0) lib/file.ex:7: Module.fn/1` and Erlang's `in call from mod:fn/1 (file.erl, line 7)`. */
export const parseBeam: StackParser = (lines) => {
  const frames: Frame[] = []
  const head: string[] = []
  for (const line of lines) {
    const frame = frameOf(line)
    if (frame !== null) frames.push(frame)
    else if (frames.length === 0 && (head.length > 0 || line.trim() !== '')) head.push(line)
    else if (/^\*\* \(|^(?:Function|Args|    Args): /.test(line)) break
  }
  const text = head.join('\n').trimEnd()
  const begin = /^(?:[^\n]{0,500}\n)??(?:\d\d:\d\d[^\n]{0,40}\[error\][^\n]{0,500}\n)?\*\* \(([\w.]{1,200})\) ?/.exec(
    text,
  )
  return begin === null
    ? [{ errorClass: null, message: text.replace(/^\*\* /, '') || null, frames }]
    : [{ errorClass: begin[1] ?? null, message: text.slice(begin[0].length) || null, frames }]
}

const libraries =
  /^(?:elixir|stdlib|kernel|erts|compiler|mix|iex|logger|eex|ex_unit|ecto\w*|postgrex|myxql|db_connection|phoenix\w*|plug\w*|cowboy\w*|ranch|bandit|broadway\w*|gen_stage|oban\w*|jason|poison|finch|mint|tesla|hackney|httpoison|req|telemetry\w*|amqp\w*|brod|kafka_\w+|exq|redix|swoosh|bamboo|absinthe|ssl|inets|crypto|public_key|mnesia|sasl)$/

function frameOf(line: string): Frame | null {
  const text = line.trim()
  const placed =
    /^(?:\(([\w]+)(?: [^)]{0,60})?\) )?([\w./@-]{1,300}\.(?:exs?|erl|eex|heex|yrl)):\d+: (.{1,2000})$/.exec(text)
  if (placed !== null) return frame(placed[3] ?? '', placed[1] ?? null)
  const erlang = /^(?:in (?:function|call from) {1,2})(\w+):('?[\w/<>-]+'?)\/\d+/.exec(text)
  if (erlang !== null) return frame(`:${erlang[1]}.${erlang[2]}`, null)
  const bare =
    /^(?:\(([\w]+)(?: [^)]{0,60})?\) )?(:?[A-Za-z_][\w.]{0,200}\.[a-z_][\w?!]{0,100}(?:\/\d{1,3}|\([^]{0,4000}\)))$/.exec(
      text,
    )
  return bare !== null && line.startsWith('    ') ? frame(bare[2] ?? '', bare[1] ?? null) : null
}

const natives =
  /^:(?:erlang|lists|maps|binary|ets|gen_server|gen_statem|proc_lib|timer|io|file|string|re|erl_eval|elixir\w*|math|unicode|code|sys|supervisor|prim_\w+|crypto|ssl|gen_tcp|inet\w*|dict|queue|ordsets|sets|persistent_term|os|base64|calendar|json)$/

function frame(call: string, app: string | null): Frame {
  const fn = call.replace(/^(?:anonymous fn\/\d+ in )+/, '')
  const end = /[(/](?:\d|[^]*\)$)/.exec(fn.slice(1))
  const full = end === null ? fn : fn.slice(0, end.index + 1)
  const quoted = /^([\w.:]+)\."-?([\w?!]+)\/.*$/.exec(fn)
  const dot = full.lastIndexOf('.')
  const module = quoted?.[1] ?? (dot === -1 ? '' : full.slice(0, dot))
  const name = quoted?.[2] ?? full.slice(dot + 1)
  const library =
    (app !== null && libraries.test(app)) ||
    natives.test(module) ||
    /^(?:Task\.Supervised|GenServer|Enum|Process)$/.test(module)
  return { module, name, inApp: !library }
}
