//! How a channel stands to its topics, by the order in which the store changed that:
//! what is heard late, or twice, changes nothing.

use std::collections::HashMap;
use std::sync::Arc;

use super::topic::Topic;

/// The topics of one channel.
#[derive(Debug, Default)]
pub(super) struct Stands {
    /// The last change that was heard.
    order: u64,
    by_name: HashMap<String, (u64, Stand)>,
}

/// How a channel stands to one topic.
#[derive(Debug, Clone)]
enum Stand {
    /// It was unsubscribed.
    Out,
    /// It is a receiver.
    In(Arc<Topic>),
    /// It reads what it missed, since the change of this order, and is a receiver then.
    CatchingUp(u64),
}

impl Stands {
    /// The last change that was heard.
    pub(super) fn order(&self) -> u64 {
        self.order
    }

    /// It is subscribed since the change `order`. Whether it has to be made a receiver:
    /// not if it is one, or will be, or a later change was heard.
    pub(super) fn subscribe(&mut self, topic: &Arc<Topic>, order: u64) -> bool {
        if !self.is_news(&topic.name, order) {
            return false;
        }
        let before = self.by_name.get(&*topic.name).map(|(_, stand)| stand.clone());
        let (stand, new) = match before {
            Some(stand @ (Stand::In(_) | Stand::CatchingUp(_))) => (stand, false),
            Some(Stand::Out) | None => (Stand::In(topic.clone()), true),
        };
        self.set(&topic.name, order, stand);
        new
    }

    /// It is subscribed since the change `order`, and has to catch up. Whether it is
    /// news; then whatever it received of the topic is at an end.
    pub(super) fn catch_up(&mut self, number: u64, topic: &Arc<Topic>, order: u64) -> bool {
        let news = self.is_news(&topic.name, order);
        if news {
            topic.remove(number);
            self.set(&topic.name, order, Stand::CatchingUp(order));
        }
        news
    }

    /// Whether it still catches up since the change `since`.
    pub(super) fn catches_up(&self, topic: &str, since: u64) -> bool {
        matches!(self.by_name.get(topic), Some((_, Stand::CatchingUp(at))) if *at == since)
    }

    /// It has caught up, and is a receiver now.
    pub(super) fn joined(&mut self, topic: &Arc<Topic>) {
        if let Some((_, stand)) = self.by_name.get_mut(&*topic.name) {
            *stand = Stand::In(topic.clone());
        }
    }

    /// It is not subscribed since the change `order`, unless a later one was heard.
    pub(super) fn unsubscribe(&mut self, number: u64, topic: &str, order: u64) {
        if !self.is_news(topic, order) {
            return;
        }
        if let Some(Stand::In(topic)) = self.set(topic, order, Stand::Out) {
            topic.remove(number);
        }
    }

    /// Those that it has, and had not yet in the change `order`.
    pub(super) fn before(&self, order: u64) -> Vec<String> {
        let before = self.by_name.iter().filter(|(_, (at, stand))| *at < order && stand.is_in());
        before.map(|(name, _)| name.clone()).collect()
    }

    /// Those of `names` that it does not have.
    pub(super) fn lacks(&self, mut names: Vec<String>) -> Vec<String> {
        names.retain(|name| !self.by_name.get(name).is_some_and(|(_, stand)| stand.is_in()));
        names
    }

    /// All changes up to `order` were heard.
    pub(super) fn settled(&mut self, order: u64) {
        self.order = self.order.max(order);
        self.by_name.retain(|_, (at, stand)| *at > order || stand.is_in());
    }

    /// It receives nothing more.
    pub(super) fn leave(&mut self, number: u64) {
        for (_, (_, stand)) in self.by_name.drain() {
            if let Stand::In(topic) = stand {
                topic.remove(number);
            }
        }
    }

    fn is_news(&self, topic: &str, order: u64) -> bool {
        self.by_name.get(topic).is_none_or(|(at, _)| *at < order)
    }

    fn set(&mut self, name: &str, order: u64, stand: Stand) -> Option<Stand> {
        self.order = self.order.max(order);
        self.by_name.insert(name.to_owned(), (order, stand)).map(|(_, before)| before)
    }
}

impl Stand {
    fn is_in(&self) -> bool {
        !matches!(self, Self::Out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::{Grant, Limits, Names};

    fn topic() -> Arc<Topic> {
        let grant = Grant::new("t", Limits::default()).unwrap();
        let grant = grant.with_hub(Names::new(["h"]).unwrap());
        Topic::new(grant.hub("h").unwrap().topics().clone(), "a")
    }

    #[test]
    fn what_comes_late_or_twice_changes_nothing() {
        let (topic, mut stands) = (topic(), Stands::default());
        assert!(stands.subscribe(&topic, 2));
        assert!(!stands.subscribe(&topic, 2), "twice");
        stands.unsubscribe(0, "a", 1);
        assert!(stands.lacks(vec!["a".into()]).is_empty(), "late");
        stands.unsubscribe(0, "a", 4);
        assert!(!stands.subscribe(&topic, 3), "late");
        assert_eq!((stands.lacks(vec!["a".into()]), stands.order()), (vec!["a".into()], 4));
        assert!(stands.subscribe(&topic, 5));
        assert_eq!(stands.before(6), ["a"]);
        assert!(stands.before(5).is_empty());
    }

    #[test]
    fn catching_up_goes_on_until_it_is_ended_or_begun_anew() {
        let (topic, mut stands) = (topic(), Stands::default());
        assert!(stands.catch_up(0, &topic, 1));
        assert!(!stands.subscribe(&topic, 2), "it will be a receiver");
        assert!(stands.catches_up("a", 1));
        assert!(stands.lacks(vec!["a".into()]).is_empty());
        assert!(stands.catch_up(0, &topic, 3));
        assert!(!stands.catches_up("a", 1) && stands.catches_up("a", 3));
        stands.unsubscribe(0, "a", 4);
        assert!(!stands.catches_up("a", 3));
        stands.settled(4);
        assert!(stands.subscribe(&topic, 5));
    }
}
