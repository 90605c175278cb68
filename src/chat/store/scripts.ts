/**
 * What Redis must do in one go, in its Lua. Keys and channels are those of the contract, and
 *
 *     gateway:seen:{roomID}:{eventID}    string EPOCH:OFFSET, TTL history.ttl: the id was published
 *     gateway:words                      stream of the last words to all gateways that must arrive
 *
 * Where a script can fail half-way (WRONGTYPE), what counts the offset comes last, so that a second
 * try leaves no gap.
 * @module
 */

/** A Lua script and the number of its keys. */
export interface Script {
  readonly keys: number;
  readonly lua: string;
}

/** Names of keys and channels. */
export const KEYS = {
  record: (member: string) => `gateway:conn:${member}`,
  list: (roomId: string) => `gateway:room:${roomId}`,
  history: (roomId: string) => `gateway:history:${roomId}`,
  meta: (roomId: string) => `gateway:meta:${roomId}`,
  seen: (roomId: string, id: string) => `gateway:seen:${roomId}:${id}`,
  session: (member: string) => `gateway:session:${member}`,
  bus: (roomId: string) => `${BUS}${roomId}`,
  control: "gateway:control",
  words: "gateway:words",
} as const;

/** What the channels of rooms begin with. */
export const BUS = "gateway:bus:";

/**
 * ms for which a room's row of offsets lives after its last use: longer than anybody stays away.
 */
export const META_TTL = 30 * 86_400_000;

/**
 * KEYS meta history seen; ARGV id body size ttl new-epoch channel meta-ttl
 * -> [epoch, offset, 1 when it was published before]
 */
const publish: Script = {
  keys: 3,
  lua: `
local seen = redis.call('GET', KEYS[3])
if seen then
  local epoch, offset = seen:match('^(.*):(%d+)$')
  if epoch then return {epoch, tonumber(offset), 1} end
end
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'offset')
local epoch, offset = meta[1], tonumber(meta[2] or '0') or 0
if not epoch then
  epoch, offset = ARGV[5], 0
  redis.call('DEL', KEYS[2])
end
offset = offset + 1
local number = string.format('%.0f', offset)
local size = tonumber(ARGV[3])
if size > 0 then
  redis.call('XADD', KEYS[2], 'MAXLEN', size, number .. '-0', 'id', ARGV[1], 'event', ARGV[2])
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
redis.call('HSET', KEYS[1], 'epoch', epoch, 'offset', number)
redis.call('PEXPIRE', KEYS[1], ARGV[7])
redis.call('SET', KEYS[3], epoch .. ':' .. number, 'PX', ARGV[4])
redis.call('PUBLISH', ARGV[6], 'e' .. number .. ':' .. epoch .. ':' .. #ARGV[1] .. ':' .. ARGV[1] .. ARGV[2])
return {epoch, offset, 0}`,
};

/**
 * Where a room stands, and what came after an offset. Starts a new row of offsets (and says so on
 * the channel) where there is none, or Redis knows less or something else than the caller has seen:
 * a server that took over lost a part.
 *
 * KEYS meta history; ARGV new-epoch meta-ttl epoch offset seen id-at-offset limit channel
 * (epoch "": only where it stands; seen 1: the caller has had that event; id "": not known which)
 * -> [epoch, offset, [[offset-0, fields], ...]]
 */
const since: Script = {
  keys: 2,
  lua: `
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'offset')
local epoch, offset = meta[1], tonumber(meta[2] or '0') or 0
local from = tonumber(ARGV[4])
local fresh, entries = not epoch, {}
if epoch and epoch == ARGV[3] then
  if ARGV[5] == '1' then
    local last = ARGV[6] ~= '' and redis.call('XRANGE', KEYS[2], ARGV[4], ARGV[4])[1]
    fresh = offset < from or (last and last[2][2] ~= ARGV[6])
  end
  if not fresh and offset > from then
    entries = redis.call('XRANGE', KEYS[2], string.format('%.0f', from + 1), '+', 'COUNT', ARGV[7])
  end
end
if fresh then
  epoch, offset = ARGV[1], 0
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'offset', 0)
  redis.call('PUBLISH', ARGV[8], 'm0:' .. epoch)
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {epoch, offset, entries}`,
};

/**
 * Starts a new row of offsets: events were lost. KEYS meta history; ARGV new-epoch meta-ttl channel
 */
const renew: Script = {
  keys: 2,
  lua: `
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'offset', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('PUBLISH', ARGV[3], 'm0:' .. ARGV[1])`,
};

/**
 * Writes or removes a record; leaves another gateway's alone unless it is to be taken over.
 * KEYS record; ARGV json-or-"" ttl json-of-gateway-id take
 */
const record: Script = {
  keys: 1,
  lua: `
if ARGV[4] ~= '1' or ARGV[1] == '' then
  local there = redis.call('GET', KEYS[1])
  if there and not there:find('"gateway_id":' .. ARGV[3], 1, true) then return 0 end
end
if ARGV[1] == '' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`,
};

/**
 * Changes a room's list, drops members whose record is gone, renews it.
 * KEYS list; ARGV ttl room-id number-added added... removed...
 * -> [[profile that came, ...], [profile that went, ...], profiles]
 */
const list: Script = {
  keys: 1,
  lua: `
local RECORD = 'gateway:conn:'
local function profile(member) return member:sub(1, (member:find(':', 1, true) or 0) - 1) end
local before, set, members, sorted = {}, {}, {}, true
local raw = redis.call('GET', KEYS[1]) or '[]'
local ok, there = pcall(cjson.decode, raw)
-- Ours hold no backslash: so what is read needs none when it is written.
if ok and type(there) == 'table' and not raw:find('\\\\', 1, true) then
  local last = ''
  for _, member in ipairs(there) do
    if type(member) == 'string' and member:find(':', 1, true) and not set[member] then
      sorted = sorted and last < member
      last = member
      before[profile(member)] = true
      set[member] = true
      members[#members + 1] = member
    end
  end
end
if not sorted then table.sort(members) end
local added, fresh = tonumber(ARGV[3]), {}
for i = 4, #ARGV do
  local member = ARGV[i]
  if i <= 3 + added then
    if not set[member] then fresh[#fresh + 1] = member end
    set[member] = true
  elseif set[member] then
    set[member] = nil
    local read, json = pcall(cjson.decode, redis.call('GET', RECORD .. member) or '{}')
    if read and type(json) == 'table' and type(json.room_ids) == 'table' then
      for _, room in ipairs(json.room_ids) do set[member] = set[member] or room == ARGV[2] or nil end
    end
  end
end
-- Few are new: merged, as to sort all of a big list would hold up Redis.
table.sort(fresh)
local old = members
members = {}
local j = 1
for _, member in ipairs(old) do
  while fresh[j] and fresh[j] < member do
    members[#members + 1] = fresh[j]
    j = j + 1
  end
  if set[member] then members[#members + 1] = member end
end
for k = j, #fresh do members[#members + 1] = fresh[k] end
local alive = {}
for i = 1, #members, 1000 do
  local last = math.min(i + 999, #members)
  local keys = {}
  for j = i, last do keys[#keys + 1] = RECORD .. members[j] end
  local all = redis.call('EXISTS', unpack(keys)) == #keys
  for j = i, last do
    if all or redis.call('EXISTS', RECORD .. members[j]) == 1 then alive[#alive + 1] = members[j] end
  end
end
local came, went, after, profiles = {}, {}, {}, 0
for _, member in ipairs(alive) do
  local name = profile(member)
  if not after[name] then
    after[name] = true
    profiles = profiles + 1
    if not before[name] then came[#came + 1] = name end
  end
end
for name in pairs(before) do
  if not after[name] then went[#went + 1] = name end
end
if #alive == 0 then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], '["' .. table.concat(alive, '","') .. '"]', 'PX', ARGV[1])
end
return {came, went, profiles}`,
};

/**
 * Says a word to all gateways, and keeps it for those that cannot hear it now.
 * KEYS words; ARGV gateway-that-heard-it word channel kept ttl -> connections that hear it
 */
const word: Script = {
  keys: 1,
  lua: `
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], '*', 'heard', ARGV[1], 'word', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return redis.call('PUBLISH', ARGV[3], ARGV[1] .. '\\n' .. id .. '\\n' .. ARGV[2])`,
};

/** Fails while Redis does not take writes (full, replica, disk). ARGV key */
const probe: Script = { keys: 1, lua: `redis.call('SET', KEYS[1], '', 'PX', 1) return redis.call('DEL', KEYS[1])` };

/** By name. */
export const SCRIPTS = { publish, since, renew, record, list, word, probe } as const;

/** Names of scripts. */
export type ScriptName = keyof typeof SCRIPTS;
