/**
 * A record is a hash: `s` state, `b` state before the last begin, `t` token, `n` begins, `a` began at, `p` began before, `l` lease
 * until, `r` result, `w` what. Times are the server's, in milliseconds. It expires as a key of Redis does.
 */
const time = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function ms(number) return string.format('%.0f', number) end
`

/** token, lease, keep, what → taken?, state before, begins, began before | result | lease left */
export const begin: string = `${time}
local row = redis.call('HMGET', KEYS[1], 's', 't', 'n', 'l', 'r', 'a', 'b', 'p')
local state, token, begins, lease = row[1], row[2], tonumber(row[3] or '0'), tonumber(row[4] or '0')
if state == 'done' then return {'done', row[5] or ''} end
if state == 'begun' and token == ARGV[1] then return {'taken', row[7] or '', ms(begins), row[8] or '0'} end
if state and lease > now then return {'busy', ms(lease - now)} end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 's', 'begun', 'b', state or '', 't', ARGV[1], 'n', ms(begins + 1), 'a', ms(now),
  'p', row[6] or '0', 'l', ms(now + ARGV[2]), 'w', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {'taken', state or '', ms(begins + 1), row[6] or '0'}
`

/** token, lease → 1 or 0 */
export const extend: string = `${time}
local row = redis.call('HMGET', KEYS[1], 's', 't')
if row[1] ~= 'begun' or row[2] ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'l', ms(now + ARGV[2]))
return 1
`

/** token, state, result or nothing → 1 or 0 */
export const settle: string = `
if redis.call('HGET', KEYS[1], 't') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 's', ARGV[2], 'l', '0')
if ARGV[3] then redis.call('HSET', KEYS[1], 'r', ARGV[3]) end
return 1
`

/** state, keep, what, result or nothing → 1 or 0 */
export const put: string = `${time}
local row = redis.call('HMGET', KEYS[1], 'l', 'n', 'a')
if tonumber(row[1] or '0') > now then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 's', ARGV[1], 't', '', 'n', row[2] or '0', 'a', row[3] or ms(now), 'l', '0', 'w', ARGV[3])
if ARGV[4] then redis.call('HSET', KEYS[1], 'r', ARGV[4]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`

/** → state, result, begins, began at, what, lease left | nothing */
export const look: string = `${time}
local row = redis.call('HMGET', KEYS[1], 's', 'r', 'n', 'a', 'w', 'l')
if not row[1] then return false end
return {row[1], row[2] or '', row[3], row[4], row[5], ms(tonumber(row[6]) - now)}
`
