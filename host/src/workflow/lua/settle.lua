-- End an attempt of a function.
--
-- KEYS[1]  as in part.lua
-- ARGV[1]  the run           ARGV[2]  the call
-- ARGV[3]  its token         ARGV[4]  the event
-- ARGV[5]  milliseconds until the next attempt, or empty
--
-- Returns OK. Fails with FENCED, or with HISTORY for any but a short event.

local run, number, token, event, again = unpack(ARGV)
local open = redis.call('HGET', key('o', run), 'f' .. number)
local attempt, times, held, index, name = (open or ''):match('^(%d+) (%d+) (%S+) (%d+) (.*)$')
if held ~= token then
    return redis.error_reply('FENCED the lease is not the function\'s')
end
-- One short event of each function that it may wait for has room in any case.
local many = again ~= '' and redis.call('LLEN', key('h', run)) >= MOST.events
if many or #event > MOST.short and full(run, #event, MOST.bytes) then
    return redis.error_reply('HISTORY ' .. MOST.bytes)
end
redis.call('ZREM', key('l'), run .. ' ' .. number)
if again == '' then
    redis.call('HDEL', key('o', run), 'f' .. number)
    tell(run, event)
else
    append(run, event)
    open = attempt .. ' ' .. times .. ' - ' .. index .. ' ' .. name
    redis.call('HSET', key('o', run), 'f' .. number, open)
    due('f ' .. run .. ' ' .. number, NOW + again)
end
return redis.status_reply('OK')
