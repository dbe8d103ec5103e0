-- Set an entry, and end the claim on it.
--
-- KEYS     as in live.lua
-- ARGV[1]  value
-- ARGV[2]  ttl, in milliseconds
-- ARGV[3]  a fresh generation, 8 bytes
-- ARGV[4]  group, or empty
-- ARGV[5]  1 to set only where there is no live value, else 0
--
-- Returns 1 if it was set, else 0.

if ARGV[5] == '1' and live(redis.call('GETRANGE', KEYS[1], 0, HEAD_LAST)) then
    return 0
end
put(KEYS[1], '', ARGV[4], ARGV[1], ARGV[3], ARGV[2])
redis.call('DEL', KEYS[4])
return 1
