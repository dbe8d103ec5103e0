-- Shared by the scripts of secrets, and put before each. A secret's KEYS are in one shard,
-- so in one slot:
--
-- {…}r:ID   hash: `head`, its first version and those that are kept, the oldest
--           first, with spaces between; and of each version V
--           wV, its wrap: the key that wraps it, a space, the wrapped key
--           cV, its value, encrypted
-- {…}i:     sorted set of the shard's ids, all with score 0
-- {…}u:NAME sorted set of the users in the shard who have this credential
-- {…}d:     the greatest version that was deleted in the shard: a version is used once
-- {…}b:     set of the keys that are barred from wrapping anything more
-- {…}a:     stream: reads, uses, what was refused;  {…}w: changes; what `record` writes
--
-- Versions are below 2^53, so Lua's numbers hold them.

-- Appends to the stream `key` of an audit. `who`: the index in ARGV of the most entries
-- that are kept, the component, its digest, its instance.
local function record(key, who, action, id, version, outcome)
    redis.call('XADD', key, 'MAXLEN', '~', ARGV[who], '*', 'action', action, 'id', id,
        'version', version, 'outcome', outcome, 'component', ARGV[who + 1],
        'digest', ARGV[who + 2], 'instance', ARGV[who + 3])
end

-- The first version of the secret `key` and a list of those that are kept, or nil.
local function head(key)
    local text = redis.call('HGET', key, 'head')
    if not text then
        return nil
    end
    local first, versions = nil, {}
    for version in string.gmatch(text, '%d+') do
        if first then
            versions[#versions + 1] = version
        else
            first = version
        end
    end
    return first, versions
end

-- The key that a wrap is by.
local function key_of(wrap)
    return string.match(wrap, '^[^ ]+')
end
