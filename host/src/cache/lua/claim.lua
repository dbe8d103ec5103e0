-- The live value of an entry; or the claim on it, if nobody holds one.
--
-- KEYS     as in live.lua
-- ARGV[1]  token of the claim, 8 bytes
-- ARGV[2]  ttl of the claim, in milliseconds
-- ARGV[3]  a fresh generation, 8 bytes
-- ARGV[4]  group of the entry to come, or empty
--
-- Returns the value; or 1 if the claim is given, 0 if another holds it. A claim
-- from before an invalidation holds nobody up.

local entry = redis.call('GET', KEYS[1])
local from = live(entry)
if from then
    return entry:sub(from)
end
local claim = redis.call('GET', KEYS[4])
if claim and live(claim:sub(9)) then
    return 0
end
put(KEYS[4], ARGV[1], ARGV[4], '', ARGV[3], ARGV[2])
return 1
