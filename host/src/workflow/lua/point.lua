-- Say which version of a workflow new runs of this partition are pinned to.
--
-- KEYS[1]  as in part.lua
-- ARGV[1]  the workflow    ARGV[2]  the digest, or empty    ARGV[3]  as register.lua counts
--
-- Returns OK. Who read the versions earlier than another does not take back what that one said.

local old = redis.call('HGET', key('v'), ARGV[1])
if not old or tonumber(old:match('%d+$')) < tonumber(ARGV[3]) then
    redis.call('HSET', key('v'), ARGV[1], ARGV[2] .. ' ' .. ARGV[3])
end
return redis.status_reply('OK')
