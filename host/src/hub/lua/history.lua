-- What was kept of a topic since a position.
--
-- KEYS[1]  the topic, as in publish.lua
-- KEYS[2]  its messages
-- ARGV[1]  epoch of the position, 8 bytes, or empty for none
-- ARGV[2]  its offset
-- ARGV[3]  its id, 8 bytes
-- ARGV[4]  most messages
--
-- Returns nothing if the topic is not kept; else {epoch, last offset, last id,
-- 1 if this is all that was published since, 1 if there is more, offset, envelope, …}.

local epoch, last, last_id = unpack(redis.call('HMGET', KEYS[1], 'e', 'n', 'i'))
if not epoch then
    return {}
end
local limit, since = tonumber(ARGV[4]), tonumber(ARGV[2])
local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
local all = first and first[1] == '1-0'
local complete = all
if ARGV[1] ~= '' and ARGV[1] ~= epoch then
    complete, since = false, 0
elseif since > 0 and since == tonumber(last) then
    complete = ARGV[3] == last_id
elseif since > 0 then
    -- The message there must be the same one: a server that failed over may have
    -- given its offset to another.
    local there = redis.call('XRANGE', KEYS[2], ARGV[2] .. '-0', ARGV[2] .. '-0')[1]
    complete = there and there[2][2]:sub(1, 8) == ARGV[3]
end
local from = complete and string.format('(%.0f-0', since) or '-'
local found = redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', limit + 1)
local page = { epoch, last, last_id, complete and 1 or 0, #found > limit and 1 or 0 }
for i = 1, math.min(limit, #found) do
    page[#page + 1] = found[i][1]:sub(1, -3)
    page[#page + 1] = found[i][2][2]
end
return page
