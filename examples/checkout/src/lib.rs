//! The checkout of a shop: stock is reserved, the card charged, and the order shipped, or all of
//! it is undone. However often its hosts are lost.

mod order;
mod shop;

use std::time::Duration;

use satama_guest::cache;
use satama_guest::workflow::{self, Context, Error, Failure, Result, Saga, Step, Undo};
use serde::{Deserialize, Serialize};

use crate::order::Order;

/// How long someone has to approve a large order.
const APPROVE_WITHIN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long a parcel takes to the courier.
const COURIER: Duration = Duration::from_secs(10);

/// What becomes of an order.
#[derive(Serialize)]
struct Receipt {
    order: String,
    cents: u64,
    payment: String,
    parcel: String,
}

/// What the bank is asked for.
#[derive(Serialize, Deserialize)]
struct Charge {
    order: String,
    cents: u64,
    /// The bank takes each of these once.
    token: String,
}

/// The signal `paid`, which the bank sends.
#[derive(Deserialize)]
struct Paid {
    payment: String,
}

/// What is done step by step is undone the other way round if the order comes to nothing: if the
/// bank fails, nobody approves or pays in time, or it is cancelled.
fn checkout(order: Order) -> Result<Receipt> {
    let cents = order.cents().ok_or_else(|| Failure::fatal("no-price", "it has no price"))?;
    let words = order.summary();
    Saga::run(|saga| {
        stage("reserving")?;
        saga.step(
            Step::new("reserve").retries(5),
            |undo: &Undo<()>| shop::revert("reserve", undo.token(), &words),
            |doing| shop::act("reserve", doing.token(), &words),
        )?;

        if order.needs_approval() {
            stage("waiting for approval")?;
            let decision = workflow::approval("large-order", &order, Some(APPROVE_WITHIN))?;
            if !decision.is_approved() {
                return Err(Failure::fatal("not-approved", "nobody approved it").into());
            }
        }

        // A function: it runs in an instance of its own, on any host.
        stage("charging")?;
        let price = format!("{cents} cents");
        let charge = |token: &str| Charge { order: order.id.clone(), cents, token: token.into() };
        saga.call::<_, (), _>(
            Step::new("charge").retries(5).timeout(Duration::from_secs(30)),
            "charge",
            charge,
            move |undo: &Undo<()>| shop::revert("charge", undo.token(), &price),
        )?;

        stage("waiting for the payment")?;
        let time = Duration::from_secs(order.pay_within_seconds);
        let Some(paid) = workflow::signal_within::<Paid>("paid", time)? else {
            return Err(Failure::fatal("not-paid", "nobody paid in time").into());
        };

        stage("shipping")?;
        let child = workflow::child("ship", &order)?;
        let parcel = match child.wait() {
            // The parcel may be gone before the child is told: what is shipped is not undone.
            Err(Error::Cancelled) => child.wait().map_err(|_| Error::Cancelled)?,
            parcel => parcel?,
        };
        // Nothing that a cancel can come to is called after this.
        Ok(Receipt { order: order.id.clone(), cents, payment: paid.payment, parcel })
    })
}

/// A run of its own: it is cancelled with the order, and undoes what it did then.
fn ship(order: Order) -> Result<String> {
    let words = order.summary();
    Saga::run(|saga| {
        saga.step(
            Step::new("pick").retries(5),
            |undo: &Undo<()>| shop::revert("pick", undo.token(), &words),
            |doing| shop::act("pick", doing.token(), &words),
        )?;
        workflow::sleep(COURIER)?;
        // Whatever is the courier's stays there. It is called back only if a cancel came while
        // nobody knew whether it was.
        saga.step(
            Step::new("hand-over").retries(5),
            |undo: &Undo<String>| shop::revert("hand-over", undo.token(), &words),
            |doing| {
                shop::act("hand-over", doing.token(), &words)?;
                Ok::<_, cache::Error>(format!("parcel-{}", order.id))
            },
        )
    })
}

/// Asks the bank for the money.
fn charge(charge: Charge, context: &Context) -> Result<(), Failure> {
    let words = format!("{} cents, attempt {}", charge.cents, context.attempt.number());
    shop::act("charge", &charge.token, &words)?;
    Ok(())
}

/// Says where it is to whoever looks at the run.
fn stage(stage: &str) -> Result<()> {
    workflow::set_state("stage", stage)
}

satama_guest::workflows! { "checkout" => checkout, "ship" => ship }
satama_guest::functions! { "charge" => charge }
