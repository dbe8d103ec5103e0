-- Decide an approval.
--
-- KEYS[1]  as in part.lua
-- ARGV[1], ARGV[2]  as in send.lua
-- ARGV[3]  the approval's name    ARGV[4]  the decision
--
-- Returns 1. Fails with NORUN, ILLEGAL or HISTORY.

if missing then
    return MISSING
end
local number = redis.call('HGET', key('o', run), 'n' .. ARGV[3])
local deadline = number and redis.call('ZSCORE', key('t'), 'a ' .. run .. ' ' .. number)
if not number or (deadline and NOW >= tonumber(deadline)) then
    return illegal()
end
local event = '{"approval-decided":{"seq":' .. number .. ',"decision":' .. ARGV[4] .. '}}'
if #event > MOST.short and full(run, #event, MOST.bytes) then
    return redis.error_reply('HISTORY ' .. MOST.bytes)
end
redis.call('HDEL', key('o', run), 'a' .. number, 'n' .. ARGV[3])
redis.call('ZREM', key('t'), 'a ' .. run .. ' ' .. number)
tell(run, event)
return 1
