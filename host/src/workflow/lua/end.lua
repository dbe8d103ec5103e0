-- Shared by the scripts that end, cancel or delete a run.
--
-- KEYS[1]  as in part.lua

-- What the run waits for is gone; its children that have not ended are to be cancelled.
local function close(run)
    local open = redis.call('HGETALL', key('o', run))
    for i = 1, #open, 2 do
        local kind, number = open[i]:sub(1, 1), open[i]:sub(2)
        if kind == 'f' then
            local member = run .. ' ' .. number
            local token, name = open[i + 1]:match('^%d+ %d+ (%S+) %d+ (.*)$')
            redis.call('ZREM', token == '-' and key('q', 'f ' .. name) or key('l'), member)
        elseif kind == 'c' then
            due('k ' .. open[i + 1], NOW)
        end
        redis.call('ZREM', key('t'), kind .. ' ' .. run .. ' ' .. number)
    end
    redis.call('DEL', key('o', run))
end

-- No worker has the body, and it is in no queue.
local function release(run)
    local h = head(run, 'workflow', 'digest')
    redis.call('ZREM', key('l'), run)
    redis.call('ZREM', key('t'), 'b ' .. run, 'k ' .. run, 'o ' .. run)
    redis.call('ZREM', key('q', bodies(h[1], h[2])), run)
    redis.call('HSET', key('r', run), 'token', '')
    redis.call('HDEL', key('r', run), 'waits', 'held')
end

-- Ends a run; `ending` is what its parent is told.
local function finish(run, status, ending)
    close(run)
    release(run)
    move(run, status)
    local h = head(run, 'retention', 'parent', 'call')
    redis.call('HSET', key('r', run), 'ended', AT)
    due('x ' .. run, NOW + h[1])
    -- The call of that number may be another generation's.
    if h[2] and redis.call('HGET', key('o', h[2]), 'c' .. h[3]) == run then
        redis.call('HDEL', key('o', h[2]), 'c' .. h[3])
        local event = '{"child-ended":{"seq":' .. h[3] .. ',"ending":'
        if #event + #ending + 2 > MOST.short and full(h[2], #event + #ending + 2, MOST.bytes) then
            ending = '{"failed":{"code":"history-full","message":"its parent has no room for how it ended"}}'
        end
        tell(h[2], event .. ending .. '}}')
    end
end

local ENDED = { completed = true, failed = true, cancelled = true }

-- Asks a run to cancel, and its children. False if it was asked before, or has ended.
local function cancel(run, event)
    local status = head(run, 'status')[1]
    if status ~= 'running' and status ~= 'suspended' then
        return false
    end
    move(run, 'cancelling')
    redis.call('HDEL', key('r', run), 'held')
    redis.call('ZREM', key('t'), 'b ' .. run)
    tell(run, event)
    local open = redis.call('HGETALL', key('o', run))
    for i = 1, #open, 2 do
        if open[i]:sub(1, 1) == 'c' then
            due('k ' .. open[i + 1], NOW)
        end
    end
    return true
end

-- Ends a run without its body.
local function stop(run)
    append(run, '{"cancelled":{}}')
    finish(run, 'cancelled', '{"cancelled":{}}')
end

