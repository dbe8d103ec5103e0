-- Shared by all scripts of workflows, and prepended to each.
--
-- KEYS[1]  a partition's tag, {tenant:workflow::00}. All keys are in its slot and begin with it:
--
--   r:RUN    hash: what is kept of a run beside its history; `token` is its body's lease, or ''
--   h:RUN    list: its history, entries `milliseconds json`
--   o:RUN    hash: what it waits for. fN function N: `attempt lost token index name`; tN timer;
--            aN approval: its name; nNAME the approval of this name: N; cN child: its id
--   s:RUN    hash: its state                      g:RUN  sorted set: keys of its signals
--   k:WORKFLOW:KEY  the run that was started with this key
--   q:QUEUE  sorted set: members of a queue, a minute less for each priority
--   l:       sorted set: leases, by when they run out. RUN, or `RUN N`
--   t:       sorted set: what is due, by when. `kind RUN` or `kind RUN N`, see due.lua
--   i:STATUS WORKFLOW   a:WORKFLOW   u:USER   sorted sets: runs, by when they were created
--   c:RUN    set: its children that are kept; those that are to be deleted after it
--   v:       hash: workflow → `digest count`, of its newest active version; see point.lua
--   z: e:    hash: schedules, `WORKFLOW:NAME` → JSON; sorted set of them: by when they are due
--   w:WORKFLOW W: n:  in partition 0. hash: digest → `status first last source`; set: all
--            workflows; the number of the last change of versions
--
-- Times are milliseconds since 1970. MOST has the limits, see redis.rs.

local TAG, clock = KEYS[1], redis.call('TIME')
-- As text too: Lua would round it, and a format is slow.
local AT = clock[1] .. ('00000' .. clock[2]):sub(-6, -4)
local NOW = tonumber(AT)

-- A number as text: Lua's own would round it.
local function text(number)
    return string.format('%.0f', number)
end

local function key(kind, name)
    return TAG .. kind .. ':' .. (name or '')
end

local function head(run, ...)
    return redis.call('HMGET', key('r', run), ...)
end

-- Appends an event, and tells whoever watches the run. How long the history is now, and the entry.
local function append(run, event)
    local entry = AT .. ' ' .. event
    local length = redis.call('RPUSH', key('h', run), entry)
    redis.call('HINCRBY', key('r', run), 'bytes', #entry)
    redis.call('SPUBLISH', TAG .. '!', run .. ' ' .. length .. ' ' .. (event:match('^{"([%a-]*)') or ''))
    return length, entry
end

-- Whether a run's history has no room for so many bytes more.
local function full(run, more, most)
    return (head(run, 'bytes')[1] or 0) + more > most
end

-- Puts something into a queue, unless it is there, and wakes the workers.
local function enqueue(queue, member, priority)
    redis.call('ZADD', key('q', queue), 'NX', text(NOW - 60000 * priority), member)
    redis.call('SPUBLISH', TAG .. '?', queue)
end

local function bodies(workflow, digest)
    return 'b ' .. workflow .. ' ' .. digest
end

-- Puts a run's body into its queue, unless a worker has it, or it is held: its delay is not over,
-- or it failed.
local function ready(run)
    local h = head(run, 'token', 'workflow', 'digest', 'priority', 'held', 'ended')
    if h[2] and h[1] == '' and not h[5] and not h[6] then
        enqueue(bodies(h[2], h[3]), run, h[4])
    end
end

-- Tells a run of an event.
local function tell(run, event)
    local length, entry = append(run, event)
    local h = head(run, 'token', 'worker')
    if h[1] ~= '' then
        redis.call('SPUBLISH', TAG .. '>' .. h[2], run .. ' ' .. h[1] .. ' ' .. length .. ' ' .. entry)
    else
        ready(run)
    end
end

-- Keeps what is due, and tells the workers if nothing is due before: they plan by the first.
local function due(what, at)
    redis.call('ZADD', key('t'), text(at), what)
    if redis.call('ZRANK', key('t'), what) == 0 then
        redis.call('SPUBLISH', TAG .. '?', 't ' .. text(math.max(0, at - NOW)))
    end
end

-- Moves a run to another status.
local function move(run, to)
    local h = head(run, 'status', 'workflow', 'created')
    redis.call('ZREM', key('i', h[1] .. ' ' .. h[2]), run)
    redis.call('ZADD', key('i', to .. ' ' .. h[2]), h[3], run)
    redis.call('HSET', key('r', run), 'status', to, 'updated', AT)
end

