-- Put, move on or end a schedule.
--
-- KEYS[1]  as in part.lua
-- ARGV[1]  `WORKFLOW:NAME`
-- ARGV[2]  what it must be, or empty for anything
-- ARGV[3]  what it is to be, or empty for nothing    ARGV[4]  when it is due then
-- ARGV[5]  the run to start: its id   ARGV[6]  its workflow    ARGV[7]  its first event
-- ARGV[8…] fields of its head, as in start.lua
--
-- Returns 1 if there was one that could be changed; or {id, 1 if it was started now} of a run.

local old = redis.call('HGET', key('z'), ARGV[1])
if ARGV[2] ~= '' and old ~= ARGV[2] then
    return 0
end
if ARGV[3] == '' then
    redis.call('HDEL', key('z'), ARGV[1])
    redis.call('ZREM', key('e'), ARGV[1])
    return old and 1 or 0
end
if not old and redis.call('HLEN', key('z')) >= MOST.schedules then
    return redis.error_reply('SCHEDULES there are too many')
end
local digest = ARGV[5] and version(ARGV[6])
if ARGV[5] and not digest then
    return redis.error_reply('NOVERSION no version of the workflow is active')
end
redis.call('HSET', key('z'), ARGV[1], ARGV[3])
redis.call('ZADD', key('e'), ARGV[4], ARGV[1])
if not ARGV[5] then
    redis.call('SPUBLISH', TAG .. '?', '')
    return old and 1 or 0
end
local more = {}
for i = 8, #ARGV, 2 do
    more[ARGV[i]] = ARGV[i + 1]
end
born(ARGV[5], ARGV[6], digest, ARGV[7], 0, more)
return { ARGV[5], 1 }
