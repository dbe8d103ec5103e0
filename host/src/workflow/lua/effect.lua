-- Shared by write.lua alone: what a body's events bring about. Each takes its arguments from
-- ARGV after its own place, and returns the place of the next.
--
-- KEYS[1]  as in part.lua

-- Children that can't be started have failed: their parent is told once all of this is done.
local stillborn = {}
local function fail(call, code, message)
    local failure = '{"failed":{"code":"' .. code .. '","message":"' .. message .. '"}}'
    stillborn[#stillborn + 1] = '{"child-ended":{"seq":' .. call .. ',"ending":' .. failure .. '}}'
end

local EFFECT = {
    -- E event: it is appended.
    E = function(run, i)
        append(run, ARGV[i + 1])
        return i + 2
    end,
    -- Q call, function: it goes into its queue. Its event is the last appended.
    Q = function(run, i)
        local index = redis.call('LLEN', key('h', run)) - 1
        redis.call('HSET', key('o', run), 'f' .. ARGV[i + 1], '0 0 - ' .. index .. ' ' .. ARGV[i + 2])
        enqueue('f ' .. ARGV[i + 2], run .. ' ' .. ARGV[i + 1], head(run, 'priority')[1])
        return i + 3
    end,
    -- T call, + or @, milliseconds: a timer from now, or at a time.
    T = function(run, i)
        redis.call('HSET', key('o', run), 't' .. ARGV[i + 1], '')
        due('t ' .. run .. ' ' .. ARGV[i + 1], ARGV[i + 3] + (ARGV[i + 2] == '+' and NOW or 0))
        return i + 4
    end,
    -- A call, name, milliseconds or empty: an approval is open until then.
    A = function(run, i)
        local call, name, expires = unpack(ARGV, i + 1, i + 3)
        redis.call('HSET', key('o', run), 'a' .. call, name, 'n' .. name, call)
        if expires ~= '' then
            due('a ' .. run .. ' ' .. call, NOW + expires)
        end
        return i + 4
    end,
    -- C call, child, workflow, first event, timeout or empty, priority or empty.
    C = function(run, i)
        local call, child, workflow, event, timeout, priority = unpack(ARGV, i + 1, i + 6)
        local digest = version(workflow)
        local h = head(run, 'depth', 'priority', 'retention', 'user')
        local depth = (h[1] or 0) + 1
        if not digest then
            fail(call, 'no-version', 'no version of the workflow is active')
        elseif depth > MOST.depth then
            fail(call, 'too-deep', 'it would be the 17th generation')
        else
            redis.call('HSET', key('o', run), 'c' .. call, child)
            redis.call('SADD', key('c', run), child)
            born(child, workflow, digest, event, 0, {
                parent = run, call = call, depth = depth, retention = h[3], user = h[4] or nil,
                timeout = timeout ~= '' and timeout or nil, priority = priority ~= '' and priority or h[2],
            })
        end
        return i + 7
    end,
    -- G call: a timer or an approval is gone.
    G = function(run, i)
        local call = ARGV[i + 1]
        local name = redis.call('HGET', key('o', run), 'a' .. call)
        redis.call('HDEL', key('o', run), 't' .. call, 'a' .. call, 'n' .. (name or ''))
        redis.call('ZREM', key('t'), 't ' .. run .. ' ' .. call, 'a ' .. run .. ' ' .. call)
        return i + 2
    end,
    -- S name, value: a part of the state is set.
    S = function(run, i)
        redis.call('HSET', key('s', run), ARGV[i + 1], ARGV[i + 2])
        return i + 3
    end,
    -- P: the run is suspended, unless it was cancelled meanwhile.
    P = function(run, i)
        if head(run, 'status')[1] == 'running' then
            move(run, 'suspended')
        end
        return i + 1
    end,
    -- X status, what the parent is told: the run has ended.
    X = function(run, i)
        finish(run, ARGV[i + 1], ARGV[i + 2])
        return i + 3
    end,
    -- N signals: the run begins anew, with the events after this, of which so many are signals.
    N = function(run, i)
        close(run)
        redis.call('DEL', key('h', run))
        redis.call('ZREM', key('l'), run)
        redis.call('HSET', key('r', run), 'token', '', 'bytes', 0, 'signals', ARGV[i + 1])
        redis.call('HINCRBY', key('r', run), 'generation', 1)
        ready(run)
        return i + 2
    end,
}

