-- Shared by the scripts that set a run's state.
--
-- KEYS[1]  as in part.lua

-- How many parts a run's state has, and bytes, but for one.
local function size(run, but)
    local parts, bytes = 0, 0
    for _, name in ipairs(redis.call('HKEYS', key('s', run))) do
        if name ~= but then
            parts, bytes = parts + 1, bytes + #name + redis.call('HSTRLEN', key('s', run), name)
        end
    end
    return parts, bytes
end

-- Whether it has no room for so many more, and bytes.
local function crowded(run, parts, bytes)
    local has, has_bytes = size(run)
    return has + parts > MOST.parts_full or has_bytes + bytes > MOST.state_full
end

