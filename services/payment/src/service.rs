//! The actor: a table of receipts, one per order.

use seam::prelude::*;

use crate::contract::{Cents, OrderId, Payment, PaymentContract, PaymentError, Receipt, Receipts};

/// Takes the money.
#[derive(Debug)]
pub struct PaymentService {
    receipts: Table<OrderId, Receipt>,
    max_charge: Cents,
}

/// `[services.payment.config]`.
///
/// ```toml
/// [services.payment.config]
/// max_charge_cents = 1_000_000
/// ```
#[seam::config]
pub struct PaymentConfig {
    /// A charge over this many cents is declined. Default: 1,000,000.
    #[serde(default = "max_charge_cents")]
    pub max_charge_cents: Cents,
}

const fn max_charge_cents() -> Cents {
    1_000_000
}

impl Actor for PaymentService {
    type Contract = PaymentContract;
    type Config = PaymentConfig;
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        let receipts = setup.table("receipts")?;
        Ok(Self { receipts, max_charge: setup.config().max_charge_cents })
    }
}

impl Payment for PaymentService {
    async fn charge(&mut self, order: OrderId, amount: Cents) -> Result<Receipt, PaymentError> {
        if amount == 0 {
            return Err(PaymentError::InvalidAmount);
        }
        let (receipts, max_charge) = (self.receipts.clone(), self.max_charge);
        // Look and write in one transaction: that holds for several instances, too.
        let charge = self.receipts.store().transaction(move |tx| {
            if let Some(receipt) = tx.get(&receipts, &order)? {
                let same = receipt.amount_cents == amount;
                return if same { Ok(receipt) } else { Err(PaymentError::AmountDiffers) };
            }
            if amount > max_charge {
                return Err(PaymentError::Declined);
            }
            let receipt =
                Receipt { id: tx.next_id(&receipts)?, order_id: order, amount_cents: amount };
            tx.insert(&receipts, &order, &receipt)?;
            Ok(receipt)
        });
        Ok(charge.await?)
    }

    async fn receipt(&self, order: OrderId) -> Result<Receipt, PaymentError> {
        self.receipts.get(&order).await?.ok_or(PaymentError::NotPaid)
    }

    async fn list(&self, order_id: OrderId) -> Result<Receipts, PaymentError> {
        let receipt = self.receipts.get(&order_id).await?;
        Ok(Receipts { payments: receipt.into_iter().collect() })
    }
}
