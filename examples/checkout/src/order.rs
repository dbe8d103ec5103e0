//! An order, as it is asked for.

use serde::{Deserialize, Serialize};

/// Above this someone has to approve, in cents.
const APPROVAL_CENTS: u64 = 50_000;

/// What a customer orders.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    /// The shop's own number of it.
    pub(crate) id: String,
    /// What is ordered.
    pub(crate) items: Vec<Item>,
    /// How long the customer has to pay, in seconds.
    #[serde(default = "pay_within_seconds")]
    pub(crate) pay_within_seconds: u64,
}

/// A part of an order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Item {
    /// What it is called in stock.
    pub(crate) name: String,
    /// How many.
    pub(crate) count: u64,
    /// What one costs.
    pub(crate) cents: u64,
}

fn pay_within_seconds() -> u64 {
    24 * 60 * 60
}

impl Order {
    /// What it costs, unless that is nothing or more than can be.
    pub(crate) fn cents(&self) -> Option<u64> {
        let cents = self
            .items
            .iter()
            .try_fold(0_u64, |sum, item| sum.checked_add(item.count.checked_mul(item.cents)?));
        cents.filter(|cents| *cents > 0)
    }

    /// Whether someone has to approve it.
    pub(crate) fn needs_approval(&self) -> bool {
        self.cents().is_some_and(|cents| cents > APPROVAL_CENTS)
    }

    /// For people.
    pub(crate) fn summary(&self) -> String {
        let items = self.items.iter().map(|item| format!("{} {}", item.count, item.name));
        items.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(items: &[(u64, u64)]) -> Order {
        let item = |(count, cents): &(u64, u64)| {
            let (count, cents) = (*count, *cents);
            Item { name: "book".into(), count, cents }
        };
        let items = items.iter().map(item).collect();
        Order { id: "1".into(), items, pay_within_seconds: 1 }
    }

    #[test]
    fn an_order_costs_what_its_items_do() {
        assert_eq!(order(&[(2, 1_500), (1, 20)]).cents(), Some(3_020));
        assert_eq!(order(&[]).cents(), None);
        assert_eq!(order(&[(2, u64::MAX)]).cents(), None);
        assert_eq!(order(&[(1, u64::MAX), (1, 1)]).cents(), None);
    }

    #[test]
    fn a_large_order_needs_approval() {
        assert!(!order(&[(1, 50_000)]).needs_approval());
        assert!(order(&[(1, 50_001)]).needs_approval());
        assert_eq!(order(&[(1, 1), (2, 1)]).summary(), "1 book, 2 book");
    }
}
