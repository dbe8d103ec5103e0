-- A worker serves versions, or a version's status is set. In partition 0.
--
-- KEYS[1]  as in part.lua
-- ARGV[1]  the workflow    ARGV[2]  the digest
-- ARGV[3]  the component's name; empty to set the status
-- ARGV[4]  the status, of a version that is there; of a new one it is active
--
-- Returns the digest of the newest active version or empty; 1 if there was this version; and a
-- number that is higher than that of each earlier call.

local workflow, digest, source, status = unpack(ARGV)
local w = key('w', workflow)
local old = redis.call('HGET', w, digest)
if not old and source == '' then
    return { '', 0, 0 }
end
local was, first, last, named = (old or ('active ' .. text(NOW) .. ' 0 ')):match('^(%a+) (%d+) (%d+) (.*)$')
if source == '' then
    redis.call('HSET', w, digest, table.concat({ status, first, last, named }, ' '))
else
    redis.call('HSET', w, digest, table.concat({ was, first, text(NOW), source }, ' '))
    redis.call('SADD', key('W'), workflow)
end

local newest, since = '', -1
local all = redis.call('HGETALL', w)
for i = 1, #all, 2 do
    local is, at = all[i + 1]:match('^(%a+) (%d+)')
    at = tonumber(at)
    if is == 'active' and (at > since or (at == since and all[i] > newest)) then
        newest, since = all[i], at
    end
end
-- By time: a copy that lost the last ones catches up.
local nth = math.max(NOW, (redis.call('GET', key('n')) or 0) + 1)
redis.call('SET', key('n'), text(nth))
return { newest, old and 1 or 0, nth }
