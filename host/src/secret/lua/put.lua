-- Make a value the newest version of a secret.
--
-- KEYS[1]  r:ID   KEYS[2]  i:   KEYS[3]  b:   KEYS[4]  d:   KEYS[5]  w:
-- KEYS[6]  u:NAME, if a user's
-- ARGV[1…4] who, as `record` takes it
-- ARGV[5]  the id
-- ARGV[6]  the version
-- ARGV[7]  most versions to keep
-- ARGV[8]  its wrap
-- ARGV[9]  its value, encrypted
-- ARGV[10] the user, if a user's
--
-- Returns 0; or the newest version that is or was there, if it is not older, writing
-- nothing.
-- Fails with BARRED, writing nothing, if the key that wraps it is barred.

if redis.call('SISMEMBER', KEYS[3], key_of(ARGV[8])) == 1 then
    return redis.error_reply('BARRED the key is barred')
end
local first, versions = head(KEYS[1])
local newest = tonumber(first and versions[#versions] or redis.call('GET', KEYS[4]) or 0)
if newest >= tonumber(ARGV[6]) then
    return newest
end
versions = versions or {}
versions[#versions + 1] = ARGV[6]
while #versions > tonumber(ARGV[7]) do
    local oldest = table.remove(versions, 1)
    redis.call('HDEL', KEYS[1], 'w' .. oldest, 'c' .. oldest)
end
redis.call('HSET', KEYS[1], 'head', (first or ARGV[6]) .. ' ' .. table.concat(versions, ' '),
    'w' .. ARGV[6], ARGV[8], 'c' .. ARGV[6], ARGV[9])
redis.call('ZADD', KEYS[2], 0, ARGV[5])
if KEYS[6] then
    redis.call('ZADD', KEYS[6], 0, ARGV[10])
end
record(KEYS[5], 1, 'write', ARGV[5], ARGV[6], 'ok')
return 0
