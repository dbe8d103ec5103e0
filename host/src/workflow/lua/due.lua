-- Shared by take.lua alone: what is due, by the first letter of its member in `t:`.
--
-- KEYS[1]  as in part.lua

local PARENT_ENDED = '{"cancel-asked":{"reason":"its parent has ended"}}'
local TIME_UP = '{"cancel-asked":{"reason":"its time is up","timeout":true}}'

local DUE = {
    -- A timer.
    t = function(run, number)
        if redis.call('HDEL', key('o', run), 't' .. number) == 1 then
            tell(run, '{"timer-fired":{"seq":' .. number .. '}}')
        end
    end,
    -- An approval expires.
    a = function(run, number)
        local name = redis.call('HGET', key('o', run), 'a' .. number)
        if name then
            redis.call('HDEL', key('o', run), 'a' .. number, 'n' .. name)
            tell(run, '{"approval-expired":{"seq":' .. number .. '}}')
        end
    end,
    -- A body goes on.
    b = function(run)
        redis.call('HDEL', key('r', run), 'held')
        ready(run)
    end,
    -- A function is tried again.
    f = function(run, number)
        local open = redis.call('HGET', key('o', run), 'f' .. number)
        if open then
            local priority = head(run, 'priority')[1]
            enqueue('f ' .. open:match('^%d+ %d+ %S+ %d+ (.*)$'), run .. ' ' .. number, priority)
        end
    end,
    -- A run's time is up.
    o = function(run)
        cancel(run, TIME_UP)
    end,
    -- A child's parent has ended or is being cancelled.
    k = function(run)
        cancel(run, PARENT_ENDED)
    end,
    -- A run's retention is over.
    x = delete,
    -- A run is deleted that has more children.
    z = drop_children,
    -- A child's parent is deleted.
    y = function(run)
        local status = head(run, 'status')[1]
        if status and not ENDED[status] then
            stop(run)
        end
        if status then
            delete(run)
        end
    end,
}

-- A lease has run out.
local function lost(member)
    local run, number = member:match('^(%S+) ?(%d*)$')
    if number == '' then
        local h = head(run, 'token', 'worker')
        if h[1] and h[1] ~= '' then
            redis.call('HSET', key('r', run), 'token', '')
            redis.call('HINCRBY', key('r', run), 'lost', 1)
            tell(run, '{"lost":{"worker":"' .. h[2] .. '"}}')
        end
        return
    end
    local open = redis.call('HGET', key('o', run), 'f' .. number)
    if open then
        local attempt, times, token, index, name = open:match('^(%d+) (%d+) (%S+) (%d+) (.*)$')
        open = attempt .. ' ' .. times + 1 .. ' - ' .. index .. ' ' .. name
        redis.call('HSET', key('o', run), 'f' .. number, open)
        append(run, '{"lost":{"seq":' .. number .. ',"worker":"' .. token:match('^[^:]*') .. '"}}')
        enqueue('f ' .. name, member, head(run, 'priority')[1])
    end
end

-- Ends leases that have run out, and does what is due: so many of each.
local function do_due(most)
    for _, member in ipairs(redis.call('ZRANGE', key('l'), 0, AT, 'BYSCORE', 'LIMIT', 0, most)) do
        redis.call('ZREM', key('l'), member)
        lost(member)
    end
    for _, member in ipairs(redis.call('ZRANGE', key('t'), 0, AT, 'BYSCORE', 'LIMIT', 0, most)) do
        local kind, run, number = member:match('^(%a) (%S+) ?(%d*)$')
        redis.call('ZREM', key('t'), member)
        if kind == 'z' or redis.call('EXISTS', key('r', run)) == 1 then
            DUE[kind](run, number)
        end
    end
end

