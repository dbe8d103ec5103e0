//! Which server of a cluster has which keys.

use redis::{Arg, Cmd, Value};

use super::dial::Place;

/// How many slots a cluster has
/// (<https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model>).
pub(super) const SLOTS: u16 = 16384;

/// The masters of a cluster, and the slots of each.
pub(super) struct Map {
    /// First and last slot, and whose they are; in order.
    ranges: Vec<(u16, u16, Place)>,
    /// Servers that hold copies.
    replicas: Vec<Place>,
}

impl Map {
    /// Nothing is known yet.
    pub(super) fn empty() -> Self {
        Self { ranges: Vec::new(), replicas: Vec::new() }
    }

    /// From what `asked` replied to `CLUSTER SLOTS`; none if it says nothing.
    pub(super) fn read(reply: Value, asked: &Place) -> Option<Self> {
        let Value::Array(replies) = reply else { return None };
        let mut map = Self::empty();
        for reply in replies {
            let Value::Array(parts) = reply else { return None };
            let mut parts = parts.into_iter();
            let (first, last) = (slot(&parts.next()?)?, slot(&parts.next()?)?);
            let mut nodes = parts.filter_map(|node| place(node, asked));
            // One that nobody knows an address of cannot be talked to.
            let Some(master) = nodes.next() else { continue };
            map.ranges.push((first, last, master));
            for replica in nodes {
                if !map.replicas.contains(&replica) {
                    map.replicas.push(replica);
                }
            }
        }
        map.ranges.sort_by_key(|(first, ..)| *first);
        (!map.ranges.is_empty()).then_some(map)
    }

    /// Whose a slot is.
    pub(super) fn owner(&self, slot: u16) -> Option<&Place> {
        let at = self.ranges.partition_point(|(_, last, _)| *last < slot);
        self.ranges.get(at).filter(|(first, ..)| *first <= slot).map(|(_, _, place)| place)
    }

    /// All masters, each once.
    pub(super) fn masters(&self) -> Vec<&Place> {
        let mut masters = Vec::new();
        for (_, _, place) in &self.ranges {
            if !masters.contains(&place) {
                masters.push(place);
            }
        }
        masters
    }

    pub(super) fn replicas(&self) -> &[Place] {
        &self.replicas
    }
}

fn slot(value: &Value) -> Option<u16> {
    match value {
        Value::Int(slot) => u16::try_from(*slot).ok().filter(|slot| *slot < SLOTS),
        _ => None,
    }
}

/// A node of a reply: host, port, and more.
fn place(node: Value, asked: &Place) -> Option<Place> {
    let Value::Array(parts) = node else { return None };
    let mut parts = parts.into_iter();
    let host = match parts.next()? {
        Value::BulkString(host) => String::from_utf8(host).ok()?,
        _ => String::new(),
    };
    let port = parts.next().and_then(|port| redis::from_redis_value(port).ok())?;
    Place::named(&host, port, asked)
}

/// The slot of a command's keys; none if it has no key.
pub(super) fn slot_of_command(cmd: &Cmd) -> Option<u16> {
    let mut args = cmd.args_iter().map(|arg| match arg {
        Arg::Simple(arg) => arg,
        _ => b"0",
    });
    let name = args.next()?.to_ascii_uppercase();
    let key = match name.as_slice() {
        b"PING" | b"INFO" | b"CONFIG" | b"SCRIPT" | b"CLUSTER" | b"CLIENT" | b"ROLE" | b"TIME"
        | b"ACL" | b"PUBSUB" | b"COMMAND" => return None,
        // EVALSHA hash count key …
        b"EVAL" | b"EVALSHA" | b"EVAL_RO" | b"EVALSHA_RO" | b"FCALL" | b"FCALL_RO" => {
            let (_, count) = (args.next()?, args.next()?);
            if count == b"0" {
                return None;
            }
            args.next()?
        }
        b"XGROUP" | b"XINFO" | b"OBJECT" => args.nth(1)?,
        b"XREAD" | b"XREADGROUP" => {
            args.by_ref().find(|arg| arg.eq_ignore_ascii_case(b"STREAMS"))?;
            args.next()?
        }
        _ => args.next()?,
    };
    Some(slot_of(key))
}

/// The slot of a key, or of a shard channel: of what is between its first braces.
pub(super) fn slot_of(key: &[u8]) -> u16 {
    let tag = key.iter().position(|byte| *byte == b'{').and_then(|open| {
        let rest = &key[open + 1..];
        let close = rest.iter().position(|byte| *byte == b'}')?;
        (close > 0).then(|| &rest[..close])
    });
    crc16(tag.unwrap_or(key)) % SLOTS
}

/// CRC-16/XMODEM, which the cluster specification names.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use redis::cmd;

    use super::*;

    #[test]
    fn slots_are_those_of_the_specification() {
        // The check value of CRC-16/XMODEM, as the specification gives it.
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(slot_of(b"{user1000}.following"), slot_of(b"user1000"));
        assert_eq!(slot_of(b"foo{{bar}}zap"), slot_of(b"{bar"));
        assert_eq!(slot_of(b"foo{bar}{zap}"), slot_of(b"bar"));
        assert_eq!(slot_of(b"foo{}{bar}"), crc16(b"foo{}{bar}") % SLOTS);
        // As `CLUSTER KEYSLOT` says.
        assert_eq!((slot_of(b"foo"), slot_of(b"bar")), (12182, 5061));
    }

    #[test]
    fn a_command_is_where_its_key_is() {
        let foo = Some(slot_of(b"foo"));
        assert_eq!(slot_of_command(cmd("get").arg("foo")), foo);
        assert_eq!(slot_of_command(cmd("EVALSHA").arg("hash").arg(2).arg("foo").arg("b")), foo);
        assert_eq!(slot_of_command(cmd("EVALSHA").arg("hash").arg(0).arg("foo")), None);
        assert_eq!(
            slot_of_command(cmd("XREAD").arg("COUNT").arg(1).arg("STREAMS").arg("foo")),
            foo
        );
        assert_eq!(slot_of_command(cmd("XGROUP").arg("CREATE").arg("foo")), foo);
        assert_eq!(slot_of_command(&cmd("PING")), None);
    }

    #[test]
    fn a_map_names_the_owner_of_each_slot() {
        let text = |text: &str| Value::BulkString(text.into());
        let node = |host: &str, port| Value::Array(vec![text(host), Value::Int(port), text("id")]);
        let range = |first, last, nodes: Vec<Value>| {
            Value::Array([vec![Value::Int(first), Value::Int(last)], nodes].concat())
        };
        let asked = Place::Node("asked".into(), 1);
        let reply = Value::Array(vec![
            range(100, 200, vec![node("b", 2), node("c", 3)]),
            range(0, 99, vec![node("", 9)]),
            range(300, 300, vec![node("b", 2), node("c", 3)]),
        ]);
        let map = Map::read(reply, &asked).unwrap();
        let at = |host: &str, port| Place::Node(host.into(), port);
        assert_eq!(map.owner(0), Some(&at("asked", 9)));
        assert_eq!(map.owner(99), Some(&at("asked", 9)));
        assert_eq!(map.owner(100), Some(&at("b", 2)));
        assert_eq!(map.owner(201), None);
        assert_eq!(map.owner(300), Some(&at("b", 2)));
        assert_eq!(map.owner(301), None);
        assert_eq!(map.masters(), [&at("asked", 9), &at("b", 2)]);
        assert_eq!(map.replicas(), [at("c", 3)]);
        assert!(Map::read(Value::Array(Vec::new()), &asked).is_none());
    }
}
