-- Read an entry that may be in a group. (One that is in none is read by MGET.)
--
-- KEYS     as in live.lua
--
-- Returns the value, or nil.

local entry = redis.call('GET', KEYS[1])
local from = live(entry)
return from and entry:sub(from)
