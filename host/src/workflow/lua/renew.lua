-- Let leases last.
--
-- KEYS[1]  as in part.lua
-- ARGV[1]  how long, in milliseconds
-- ARGV[2…] run, call or empty, token, …
--
-- Returns 1 for each that still did, 0 for each that is another's.

local renewed = {}
for i = 2, #ARGV, 3 do
    local run, number, token = unpack(ARGV, i, i + 2)
    local member, held = run, nil
    if number == '' then
        held = head(run, 'token')[1]
    else
        member = run .. ' ' .. number
        held = (redis.call('HGET', key('o', run), 'f' .. number) or ''):match('^%d+ %d+ (%S+)')
    end
    if held == token then
        redis.call('ZADD', key('l'), 'XX', text(NOW + ARGV[1]), member)
    end
    renewed[#renewed + 1] = held == token and 1 or 0
end
return renewed
