/** A line is a sorted set of letters by their places (the first key); the second key is the set of lines that are not empty. */
const place = `
local function text(number) return string.format('%.0f', number) end
local function placeOf(given)
  if given ~= '' then return given end
  local clock = redis.call('TIME')
  local top = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
  return text(math.max(clock[1] * 1000000 + clock[2], tonumber(top or '0') + 1))
end
local function enter(letter, given, key)
  local at = redis.call('ZSCORE', KEYS[1], letter)
  if at then return text(tonumber(at)) end
  at = placeOf(given)
  redis.call('ZADD', KEYS[1], at, letter)
  redis.call('SADD', KEYS[2], key)
  return at
end
`

/** letter, place or nothing, most, key → free | full | in, place, first */
export const arrive: string = `${place}
local size = redis.call('ZCARD', KEYS[1])
if size == 0 then return {'free'} end
if size >= tonumber(ARGV[3]) and not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return {'full'} end
local at = enter(ARGV[1], ARGV[2], ARGV[4])
return {'in', at, redis.call('ZRANGE', KEYS[1], 0, 0)[1]}
`

/** letter, place or nothing, key → place */
export const die: string = `${place}
return enter(ARGV[1], ARGV[2], ARGV[3])
`

/** letter, key */
export const leave = `
redis.call('ZREM', KEYS[1], ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('SREM', KEYS[2], ARGV[2]) end
return 1
`

/** → how many */
export const count = `return redis.call('SCARD', KEYS[1])`
