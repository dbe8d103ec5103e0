-- Send a signal.
--
-- KEYS[1]  as in part.lua
-- ARGV[1], ARGV[2]  as in send.lua
-- ARGV[3]  the event    ARGV[4]  its key, or empty
--
-- Returns 1 if it was taken. Fails with NORUN, ILLEGAL, SIGNALS or HISTORY.

if missing then
    return MISSING
end
if ENDED[status] then
    return illegal()
end
if ARGV[4] ~= '' and redis.call('ZSCORE', key('g', run), ARGV[4]) then
    return 0
end
if tonumber(head(run, 'signals')[1] or 0) >= MOST.signals then
    return redis.error_reply('SIGNALS the run has too many')
end
if #ARGV[3] > MOST.short and full(run, #ARGV[3], MOST.outside) then
    return redis.error_reply('HISTORY ' .. MOST.outside)
end
redis.call('HINCRBY', key('r', run), 'signals', 1)
if ARGV[4] ~= '' then
    -- In the order in which they came, whatever the clock does.
    local last = redis.call('ZRANGE', key('g', run), -1, -1, 'WITHSCORES')[2] or 0
    redis.call('ZADD', key('g', run), last + 1, ARGV[4])
    redis.call('ZREMRANGEBYRANK', key('g', run), 0, -1 - MOST.keys)
end
tell(run, ARGV[3])
return 1
