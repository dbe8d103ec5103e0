-- Send a signal.
--
-- KEYS[1]  as in part.lua
-- ARGV[1], ARGV[2]  as in send.lua
-- ARGV[3]  the event    ARGV[4]  its key, or empty    ARGV[5]  most signals
--
-- Returns 1 if it was taken. Fails with NORUN, ILLEGAL or SIGNALS.

if missing then
    return MISSING
end
if ENDED[status] then
    return illegal()
end
if ARGV[4] ~= '' and redis.call('SISMEMBER', key('g', run), ARGV[4]) == 1 then
    return 0
end
if tonumber(head(run, 'signals')[1] or 0) >= tonumber(ARGV[5]) then
    return redis.error_reply('SIGNALS the run has too many')
end
redis.call('HINCRBY', key('r', run), 'signals', 1)
if ARGV[4] ~= '' then
    redis.call('SADD', key('g', run), ARGV[4])
end
tell(run, ARGV[3])
return 1
