-- Add to a counter, and end the claim on it.
--
-- KEYS     as in live.lua
-- KEYS[5]  a scratch key of this shard, which is gone afterwards
-- ARGV[1]  delta, signed decimal
-- ARGV[2]  ttl of a new counter, in milliseconds
-- ARGV[3]  a fresh generation, 8 bytes
-- ARGV[4]  group of a new counter, or empty
--
-- Returns the sum in decimal. Lua's numbers are doubles, so INCRBY does the
-- adding, on a copy without the head, and the sum is read back as text.
-- Fails with NOTACOUNTER, writing nothing.

local entry = redis.call('GET', KEYS[1])
local from = live(entry)
local sum = ARGV[1]
if from then
    redis.call('SET', KEYS[5], entry:sub(from))
    local added = redis.pcall('INCRBY', KEYS[5], ARGV[1])
    sum = redis.call('GET', KEYS[5])
    redis.call('DEL', KEYS[5])
    if type(added) == 'table' then
        return redis.error_reply('NOTACOUNTER the value is not a counter')
    end
    redis.call('SET', KEYS[1], entry:sub(1, from - 1) .. sum, 'KEEPTTL')
else
    put(KEYS[1], '', ARGV[4], sum, ARGV[3], ARGV[2])
end
redis.call('DEL', KEYS[4])
return sum
