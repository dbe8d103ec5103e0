-- Let a run that failed or was cancelled go on.
--
-- KEYS[1]  as in part.lua
-- ARGV[1], ARGV[2]  as in send.lua
-- ARGV[3]  the event    ARGV[4]  how many events it must have    ARGV[5]  its status then
--
-- Returns 1. Fails with NORUN or ILLEGAL.

if missing then
    return MISSING
end
local events = redis.call('LLEN', key('h', run))
if (status ~= 'failed' and status ~= 'cancelled') or events ~= tonumber(ARGV[4]) then
    return illegal()
end
redis.call('ZREM', key('t'), 'x ' .. run)
redis.call('HDEL', key('r', run), 'ended', 'lost', 'failures')
move(run, ARGV[5])
tell(run, ARGV[3])
return 1
