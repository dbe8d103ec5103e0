-- Set a part of a run's state, for a function of it.
--
-- KEYS[1]  as in part.lua
-- ARGV[1]  the run    ARGV[2]  the function's call    ARGV[3]  its token
-- ARGV[4]  the part   ARGV[5]  what it is now
--
-- Returns OK. Fails with FENCED, PARTS or BYTES.

local run, number, token, part, value = unpack(ARGV, 1, 5)
local open = redis.call('HGET', key('o', run), 'f' .. number)
if (open or ''):match('^%d+ %d+ (%S+)') ~= token then
    return redis.error_reply('FENCED the lease is not the function\'s')
end
local parts, bytes = size(run, part)
if parts >= MOST.parts then
    return redis.error_reply('PARTS the state has too many parts')
end
if bytes + #part + #value > MOST.state then
    return redis.error_reply('BYTES the state would be too large')
end
redis.call('HSET', key('s', run), part, value)
return redis.status_reply('OK')
