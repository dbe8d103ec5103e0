-- Members of a list within spans of it.
--
-- KEYS[1]  i:, or u:NAME
-- ARGV[1]  most members
-- ARGV[2…] spans: where one begins, where it ends, …; at most 64 of them
--
-- Returns the members in order.

local found, left = {}, tonumber(ARGV[1])
for i = 2, #ARGV, 2 do
    if left <= 0 then
        break
    end
    local part = redis.call('ZRANGE', KEYS[1], '[' .. ARGV[i], '(' .. ARGV[i + 1], 'BYLEX',
        'LIMIT', 0, left)
    for _, member in ipairs(part) do
        found[#found + 1] = member
    end
    left = left - #part
end
return found
