-- Shared by the scripts that delete a run.
--
-- KEYS[1]  as in part.lua

-- Children of a run that is deleted are to follow, so many at a time.
local function drop_children(run)
    for _, child in ipairs(redis.call('SPOP', key('c', run), 64)) do
        due('y ' .. child, NOW)
    end
    if redis.call('EXISTS', key('c', run)) == 1 then
        due('z ' .. run, NOW)
    end
end

-- Deletes all that is kept of a run that has ended. Its children are to follow.
local function delete(run)
    local h = head(run, 'workflow', 'status', 'user', 'key', 'parent')
    drop_children(run)
    if h[5] then
        redis.call('SREM', key('c', h[5]), run)
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
    redis.call('DEL', key('r', run), key('h', run), key('s', run), key('g', run), key('o', run))
end

