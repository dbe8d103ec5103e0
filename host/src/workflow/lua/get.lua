-- A run as it is.
--
-- KEYS[1]  as in part.lua
-- ARGV[1]  the run
--
-- Returns {head, events, the first, the last}, or nothing.

local h = key('h', ARGV[1])
local fields = redis.call('HGETALL', key('r', ARGV[1]))
if #fields == 0 then
    return false
end
return { fields, redis.call('LLEN', h), redis.call('LINDEX', h, 0), redis.call('LINDEX', h, -1) }
