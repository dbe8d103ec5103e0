-- Do what is due in a partition, and take work from its queues.
--
-- KEYS[1]  as in part.lua
-- ARGV[1]  the worker
-- ARGV[2]  what tokens begin with
-- ARGV[3]  how long leases last, in milliseconds
-- ARGV[4]  most leases that are ended, and most that is due
-- ARGV[5…] queue, how many at most, …
--
-- Returns {milliseconds until more is due or -1, now, work, …}. Work is
-- {run, token, head, history} or {run, token, entry, call, attempt, lost, workflow, generation, user}.

do_due(ARGV[4])

local taken = { -1, text(NOW) }
local function take(member)
    local run, number = member:match('^(%S+) ?(%d*)$')
    local token = ARGV[1] .. ':' .. ARGV[2] .. text(#taken)
    local r = key('r', run)
    -- Of what is not as it was left nobody is told: it must not keep the others waiting.
    if number == '' then
        if redis.call('HGET', r, 'token') ~= '' then
            return
        end
        redis.call('HSET', r, 'token', token, 'worker', ARGV[1])
        redis.call('HDEL', r, 'waits')
        taken[#taken + 1] = { run, token, redis.call('HGETALL', r), redis.call('LRANGE', key('h', run), 0, -1) }
    else
        local open = redis.call('HGET', key('o', run), 'f' .. number)
        if not open then
            return
        end
        local attempt, times, _, index, name = open:match('^(%d+) (%d+) (%S+) (%d+) (.*)$')
        attempt = text(attempt + 1)
        open = attempt .. ' ' .. times .. ' ' .. token .. ' ' .. index .. ' ' .. name
        redis.call('HSET', key('o', run), 'f' .. number, open)
        local h = head(run, 'workflow', 'generation', 'user')
        local entry = redis.call('LINDEX', key('h', run), index)
        taken[#taken + 1] = { run, token, entry, number, attempt, times, h[1], h[2], h[3] }
    end
    redis.call('ZADD', key('l'), text(NOW + ARGV[3]), member)
end

for i = 5, #ARGV, 2 do
    local popped = redis.call('ZPOPMIN', key('q', ARGV[i]), ARGV[i + 1])
    for at = 1, #popped, 2 do
        take(popped[at])
    end
end
for _, kind in ipairs({ 't', 'l', 'e' }) do
    local first = redis.call('ZRANGE', key(kind), 0, 0, 'WITHSCORES')[2]
    local wait = first and math.max(0, first - NOW)
    if wait and (taken[1] == -1 or wait < taken[1]) then
        taken[1] = wait
    end
end
return taken
