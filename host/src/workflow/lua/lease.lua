-- Shared by the scripts that give leases and take them back.
--
-- KEYS[1]  as in part.lua

-- Gives a worker what was first in a queue: what it is told, and how long that is. Nothing, if it
-- is not as it was left: of that nobody is told, and it must not keep the others waiting.
local function lend(member, worker, token, lease_ms)
    local run, number = member:match('^(%S+) ?(%d*)$')
    local r, work, bytes = key('r', run), nil, 0
    if number == '' then
        local h = head(run, 'token', 'bytes')
        if h[1] ~= '' then
            return nil, 0
        end
        redis.call('HSET', r, 'token', token, 'worker', worker)
        redis.call('HDEL', r, 'waits')
        redis.call('ZREM', key('t'), 'b ' .. run)
        work = { run, token, redis.call('HGETALL', r), redis.call('LRANGE', key('h', run), 0, -1) }
        bytes = h[2] or 0
    else
        local open = redis.call('HGET', key('o', run), 'f' .. number)
        if not open then
            return nil, 0
        end
        local attempt, times, _, index, name = open:match('^(%d+) (%d+) (%S+) (%d+) (.*)$')
        attempt = text(attempt + 1)
        open = attempt .. ' ' .. times .. ' ' .. token .. ' ' .. index .. ' ' .. name
        redis.call('HSET', key('o', run), 'f' .. number, open)
        local h = head(run, 'workflow', 'generation', 'user')
        local entry = redis.call('LINDEX', key('h', run), index)
        work, bytes = { run, token, entry, number, attempt, times, h[1], h[2], h[3] }, #entry
    end
    redis.call('ZADD', key('l'), text(NOW + lease_ms), member)
    return work, bytes
end

-- A body is let go: it waits for this, in words, or goes on after so many milliseconds.
local function let_go(run, waits, wake_ms)
    redis.call('HSET', key('r', run), 'token', '', 'waits', waits)
    redis.call('ZREM', key('l'), run)
    if wake_ms ~= '' then
        due('b ' .. run, NOW + wake_ms)
    end
end

-- What a write is answered that is not to be done: as it was, if it was done and its answer lost.
local function refuse(run, h, token, number, seen, seen_ms)
    local wrote, last, base, at, released = (h[2] or ''):match('^(%S+) (%d+) (%d+) (%d+) (%d)$')
    if wrote == token and last == number then
        local news = tonumber(base) > tonumber(seen) and redis.call('LRANGE', key('h', run), seen, base - 1)
        return { at, tonumber(released), news or {} }
    end
    if h[1] ~= token or tonumber(number) ~= (wrote == token and last + 1 or 1) then
        return redis.error_reply('FENCED the lease is not the run\'s')
    end
    -- A server that lost its last writes does not have all that the worker has seen.
    local known = redis.call('LINDEX', key('h', run), seen - 1)
    if (known or ''):match('^%d+') ~= seen_ms then
        return redis.error_reply('FENCED the history is not what the worker has seen')
    end
end

