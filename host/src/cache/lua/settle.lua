-- End a claim, with a value or without one.
--
-- KEYS     as in live.lua
-- ARGV[1]  token of the claim, 8 bytes
-- ARGV[2]  ttl of the entry, in milliseconds, or empty to give the claim up
-- ARGV[3]  value
--
-- Returns 1. Fails with CLAIMLOST, writing nothing, if the claim is gone or
-- another's, or its bucket or group was invalidated since it was given.

local claim = redis.call('GET', KEYS[4])
local ours = claim and claim:sub(1, 8) == ARGV[1]
if ARGV[2] == '' then
    return ours and redis.call('DEL', KEYS[4]) or 1
end
if not ours or not live(claim:sub(9)) then
    return redis.error_reply('CLAIMLOST the claim is lost')
end
put(KEYS[1], '', claim:sub(26), ARGV[3], '', ARGV[2])
redis.call('DEL', KEYS[4])
return 1
