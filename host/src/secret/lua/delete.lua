-- Forget a secret with all its versions.
--
-- KEYS[1]  r:ID   KEYS[2]  i:   KEYS[3]  d:   KEYS[4]  w:   KEYS[5]  u:NAME, if a user's
-- ARGV[1…4] who, as `record` takes it
-- ARGV[5]  the id
-- ARGV[6]  the user, if a user's
--
-- Returns 1, or 0 if there was none.

local first, versions = head(KEYS[1])
if not first then
    record(KEYS[4], 1, 'delete', ARGV[5], '0', 'not-found')
    return 0
end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[5])
if KEYS[5] then
    redis.call('ZREM', KEYS[5], ARGV[6])
end
local newest = versions[#versions]
if tonumber(newest) > tonumber(redis.call('GET', KEYS[3]) or 0) then
    redis.call('SET', KEYS[3], newest)
end
record(KEYS[4], 1, 'delete', ARGV[5], newest, 'ok')
return 1
