-- Add to a counter, and end the claim on it.
--
-- KEYS     as in live.lua
-- ARGV[1]  delta, signed decimal, within a counter's range
-- ARGV[2]  ttl of a new counter, in milliseconds
-- ARGV[3]  a fresh generation, 8 bytes
-- ARGV[4]  group of a new counter, or empty
--
-- Returns the sum in decimal. Counters are up to 2^53 - 1, which Lua's numbers, being
-- doubles, have exactly; a sum beyond that is rounded, but not to less than 2^53.
-- Fails with NOTACOUNTER, writing nothing.

local MAX = 9007199254740991

-- The number, if the text is one as it is written here: `007` and `1e3` are none.
local function counter(text)
    local digits = #text <= 17 and (text == '0' or text:find('^-?[1-9]%d*$'))
    local number = digits and tonumber(text)
    return number and math.abs(number) <= MAX and number
end

local entry = redis.call('GET', KEYS[1])
local from = live(entry)
local count = 0
if from then
    -- No counter is longer than its head and 17 digits.
    count = #entry <= HEAD_LAST + 17 and counter(entry:sub(from))
end
local sum = count and count + tonumber(ARGV[1])
if not sum or math.abs(sum) > MAX then
    return redis.error_reply('NOTACOUNTER the value is not a counter')
end
sum = string.format('%.0f', sum)
if from then
    redis.call('SET', KEYS[1], entry:sub(1, from - 1) .. sum, 'KEEPTTL')
else
    put(KEYS[1], '', ARGV[4], sum, ARGV[3], ARGV[2])
end
redis.call('DEL', KEYS[4])
return sum
