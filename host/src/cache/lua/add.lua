-- Add to a counter, and end the claim on it.
--
-- KEYS     as in live.lua
-- KEYS[5]  a scratch key of this shard, which is gone afterwards
-- ARGV[1]  delta, signed decimal
-- ARGV[2]  ttl of a new counter, in milliseconds
-- ARGV[3]  a fresh generation, 8 bytes
-- ARGV[4]  group of a new counter, or empty
--
-- Returns the sum in decimal. INCRBY knows a counter from other text and does the
-- adding, on a copy without the head; the sum is read back as text. Counters are
-- within what a double has exactly, 2^53 - 1, though INCRBY takes more.
-- Fails with NOTACOUNTER, writing nothing.

local function counts(text)
    return math.abs(tonumber(text)) <= 9007199254740991
end

local entry = redis.call('GET', KEYS[1])
local from = live(entry)
local sum = ARGV[1]
if from then
    redis.call('SET', KEYS[5], entry:sub(from))
    local added = redis.pcall('INCRBY', KEYS[5], ARGV[1])
    sum = redis.call('GET', KEYS[5])
    redis.call('DEL', KEYS[5])
    if type(added) == 'table' or not (counts(entry:sub(from)) and counts(sum)) then
        return redis.error_reply('NOTACOUNTER the value is not a counter')
    end
    redis.call('SET', KEYS[1], entry:sub(1, from - 1) .. sum, 'KEEPTTL')
elseif not counts(sum) then
    return redis.error_reply('NOTACOUNTER the sum would be no counter')
else
    put(KEYS[1], '', ARGV[4], sum, ARGV[3], ARGV[2])
end
redis.call('DEL', KEYS[4])
return sum
