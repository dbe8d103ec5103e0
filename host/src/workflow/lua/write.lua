-- Append what a body has done, with what that brings about.
--
-- KEYS[1]  as in part.lua
-- ARGV[1]  the run          ARGV[2]  its token
-- ARGV[3]  which write under that token, from one
-- ARGV[4]  how many events the worker has, and when the last of them was recorded
-- ARGV[5]  keep, park, again; end or anew, if one of the effects does that and gives the lease up
-- ARGV[6]  milliseconds until the body goes on, or empty
-- ARGV[7]  what it waits for, in words
-- ARGV[8]  the first effect, and so on, as in effect.lua; but first `B` if there are parts of the
--          state among them; how many in ARGV[9], and their bytes in ARGV[10]
--
-- Returns {when, 1 if the lease was given up, entries that others appended}. Fails with FENCED,
-- or with STATE.

local run, token, number, _, what = unpack(ARGV, 1, 5)
local seen, seen_ms = ARGV[4]:match('^(%d+) (%d+)$')
local before = head(run, 'token', 'wrote', 'lost', 'failures')
local answer = refuse(run, before, token, number, seen, seen_ms)
if answer then return answer end
local first = 8
if ARGV[8] == 'B' then
    first = 11
    if crowded(run, ARGV[9], ARGV[10]) then
        return redis.error_reply('STATE the state would be too large')
    end
end
local base = redis.call('LLEN', key('h', run))
local news = base > tonumber(seen) and redis.call('LRANGE', key('h', run), seen, -1) or {}
local released = what ~= 'keep'
if #news > 0 and what == 'anew' then
    -- It counts, though nothing is done.
    released = false
else
    local i = first
    while i <= #ARGV do
        i = EFFECT[ARGV[i]](run, i)
    end
    if #ARGV > 7 and what ~= 'again' and (before[3] or before[4]) then
        redis.call('HDEL', key('r', run), 'lost', 'failures')
    end
    released = released and not (what == 'park' and (#news > 0 or #stillborn > 0))
    -- Of a history that is no more there is nothing to answer again.
    base = what == 'anew' and 0 or base
end
local over = what == 'end' or what == 'anew'
if released and not over then
    let_go(run, ARGV[7], ARGV[6])
    if what == 'again' then
        redis.call('HINCRBY', key('r', run), 'failures', 1)
        redis.call('HSET', key('r', run), 'held', '1')
    end
end
local done = table.concat({ token, number, base, AT, released and 1 or 0 }, ' ')
redis.call('HSET', key('r', run), 'wrote', done, 'updated', AT)
for _, event in ipairs(over and {} or stillborn) do
    tell(run, event)
end
return { AT, released and 1 or 0, news }
