-- Shared by the scripts that start a run.
--
-- KEYS[1]  as in part.lua

-- The digest of a workflow's newest active version, if it has one.
local function version(workflow)
    local digest = (redis.call('HGET', key('v'), workflow) or ''):match('^%x+ ')
    return digest and digest:sub(1, -2)
end

-- Starts a run. `more` is a table of further fields of its head.
local function born(run, workflow, digest, event, delay, more)
    local fields = {
        'workflow', workflow, 'digest', digest, 'status', 'running', 'token', '', 'created', AT,
        'updated', AT,
    }
    for name, value in pairs(more) do
        fields[#fields + 1] = name
        fields[#fields + 1] = value
    end
    redis.call('HSET', key('r', run), unpack(fields))
    redis.call('ZADD', key('i', 'running ' .. workflow), AT, run)
    redis.call('ZADD', key('a', workflow), AT, run)
    if more.user then
        redis.call('ZADD', key('u', more.user), AT, run)
    end
    append(run, event)
    if more.timeout then
        due('o ' .. run, NOW + more.timeout)
    end
    if delay > 0 then
        redis.call('HSET', key('r', run), 'held', '1')
        due('b ' .. run, NOW + delay)
    else
        enqueue(bodies(workflow, digest), run, more.priority)
    end
end

