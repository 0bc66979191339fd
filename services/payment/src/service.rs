//! The actor: a table of charges, one per order.

use seam::prelude::*;

use crate::contract::{
    Cents, Charge, Charges, OrderId, Payment, PaymentContract, PaymentError, Receipt,
};

/// Takes the money, and gives it back.
#[derive(Debug)]
pub struct PaymentService {
    /// The table's name is of the time when there was no more to a charge than its receipt. A row of
    /// that time reads as a charge that wasn't given back.
    charges: Table<OrderId, Charge>,
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
        Ok(Self::new(&setup.store()?, setup.config().max_charge_cents)?)
    }
}

impl PaymentService {
    pub(crate) fn new(store: &Store, max_charge: Cents) -> Result<Self, StoreError> {
        Ok(Self { charges: store.table("receipts")?, max_charge })
    }
}

impl Payment for PaymentService {
    async fn charge(&mut self, order: OrderId, amount: Cents) -> Result<Receipt, PaymentError> {
        if amount == 0 {
            return Err(PaymentError::InvalidAmount);
        }
        let (charges, max_charge) = (self.charges.clone(), self.max_charge);
        // Look and write in one transaction: that holds for several instances, too.
        let charge = self.charges.store().transaction(move |tx| {
            if let Some(charge) = tx.get(&charges, &order)? {
                let same = charge.amount_cents == amount;
                return if same { Ok(charge) } else { Err(PaymentError::AmountDiffers) };
            }
            if amount > max_charge {
                return Err(PaymentError::Declined);
            }
            let id = tx.next_id(&charges)?;
            let charge = Charge { id, order_id: order, amount_cents: amount, refunded: None };
            tx.insert(&charges, &order, &charge)?;
            Ok(charge)
        });
        Ok(charge.await?.into())
    }

    async fn receipt(&self, order: OrderId) -> Result<Receipt, PaymentError> {
        let charge = self.charges.get(&order).await?;
        charge.map(Receipt::from).ok_or(PaymentError::NotPaid)
    }

    async fn refund(&mut self, order: OrderId) -> Result<Charge, PaymentError> {
        let charges = self.charges.clone();
        let refund = self.charges.store().transaction(move |tx| {
            let mut charge = tx.get(&charges, &order)?.ok_or(PaymentError::NotPaid)?;
            if charge.refunded != Some(true) {
                charge.refunded = Some(true);
                tx.insert(&charges, &order, &charge)?;
            }
            Ok::<_, PaymentError>(charge)
        });
        Ok(refund.await?)
    }

    async fn list(&self, order_id: OrderId) -> Result<Charges, PaymentError> {
        let charge = self.charges.get(&order_id).await?;
        Ok(Charges { payments: charge.into_iter().collect() })
    }
}

/// What was given for a charge when it was made.
impl From<Charge> for Receipt {
    fn from(Charge { id, order_id, amount_cents, .. }: Charge) -> Self {
        Self { id, order_id, amount_cents }
    }
}
