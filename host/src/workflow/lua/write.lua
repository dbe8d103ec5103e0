-- Append what a body has done, with what that brings about.
--
-- KEYS[1]  as in part.lua
-- ARGV[1]  the run          ARGV[2]  its token
-- ARGV[3]  which write under that token, from one
-- ARGV[4]  how many events the worker has
-- ARGV[5]  keep, park, again, or end (one of the effects gives the lease up)
-- ARGV[6]  milliseconds until the body goes on, or empty
-- ARGV[7]  what it waits for, in words
-- ARGV[8]  the first effect, and so on, as in effect.lua
--
-- Returns {when, 1 if the lease was given up, entries that others appended}. Fails with FENCED.

local run, token, number, seen, what = unpack(ARGV, 1, 5)
local h = head(run, 'token', 'wrote')
local wrote, last, base, at, released = (h[2] or ''):match('^(%S+) (%d+) (%d+) (%d+) (%d)$')
if wrote == token and last == number then
    -- Its answer was lost.
    local news = tonumber(base) > tonumber(seen) and redis.call('LRANGE', key('h', run), seen, base - 1)
    return { at, tonumber(released), news or {} }
end
if h[1] ~= token or tonumber(number) ~= (wrote == token and last + 1 or 1) then
    return redis.error_reply('FENCED the lease is not the run\'s')
end
base = redis.call('LLEN', key('h', run))
local news = base > tonumber(seen) and redis.call('LRANGE', key('h', run), seen, -1) or {}
released = what ~= 'keep'
if #news > 0 and ARGV[8] == 'N' then
    -- It counts, though nothing is done.
    released = false
else
    local i = 8
    while i <= #ARGV do
        i = EFFECT[ARGV[i]](run, i)
    end
    if #ARGV > 7 and what ~= 'again' then
        redis.call('HDEL', key('r', run), 'lost', 'failures')
    end
    released = released and not (what == 'park' and (#news > 0 or #stillborn > 0))
    -- Of a history that is no more there is nothing to answer again.
    base = ARGV[8] == 'N' and 0 or base
end
if released and what ~= 'end' then
    redis.call('HSET', key('r', run), 'token', '', 'waits', ARGV[7])
    redis.call('ZREM', key('l'), run)
    if what == 'again' then
        redis.call('HINCRBY', key('r', run), 'failures', 1)
    end
    if ARGV[6] ~= '' then
        due('b ' .. run, NOW + ARGV[6])
    end
end
local done = table.concat({ token, number, base, text(NOW), released and 1 or 0 }, ' ')
redis.call('HSET', key('r', run), 'wrote', done, 'updated', text(NOW))
for _, event in ipairs(stillborn) do
    tell(run, event)
end
return { text(NOW), released and 1 or 0, news }
