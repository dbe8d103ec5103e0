-- Shared by the scripts that delete a run.
--
-- KEYS[1]  as in part.lua

-- Deletes all that is kept of a run that has ended. Its children are to follow.
local function delete(run)
    local h = head(run, 'workflow', 'status', 'user', 'key')
    for _, child in ipairs(redis.call('SMEMBERS', key('c', run))) do
        due('y ' .. child, NOW)
    end
    redis.call('ZREM', key('i', h[2] .. ' ' .. h[1]), run)
    redis.call('ZREM', key('a', h[1]), run)
    if h[3] then
        redis.call('ZREM', key('u', h[3]), run)
    end
    if h[4] then
        redis.call('DEL', key('k', h[1] .. ':' .. h[4]))
    end
    redis.call('ZREM', key('t'), 'x ' .. run)
    redis.call('DEL', key('r', run), key('h', run), key('s', run), key('g', run), key('c', run), key('o', run))
end

