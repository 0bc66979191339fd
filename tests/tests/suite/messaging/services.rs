//! A till that sells, and a ledger that writes down what it hears.

use seam::StoreFailure;
use seam::call::{TicketId, Tickets};
use seam::outcome::InnerError;
use seam::prelude::*;

/// Something was sold.
#[seam::event(topic = "till.sold", key = key)]
pub(super) struct Sold {
    pub(super) key: u64,
    pub(super) number: u64,
}

/// Something was taken back.
#[seam::event(topic = "till.returned", key = key)]
pub(super) struct Returned {
    pub(super) key: u64,
    pub(super) number: u64,
}

#[seam::contract(name = "till", version = "1.0", events(Sold, Returned))]
pub(super) trait Till {
    /// Sells, and takes back where that is said.
    async fn sell(&mut self, key: u64, number: u64, back: bool) -> Result<(), TillError>;

    /// Keeps a command for the ledger; its ticket's id.
    async fn note(&self, key: String, number: u64) -> Result<String, TillError>;

    /// What came of it.
    async fn noted(&self, key: String, number: u64) -> Result<u64, TillError>;

    /// What came of the command that has the ticket of that id; `None` if there is none.
    async fn told(&self, ticket: String) -> Result<Option<u64>, TillError>;

    /// Starts a saga that moves money.
    async fn pay(&mut self, order: u64, amount: u64) -> Result<(), TillError>;

    #[call(saga)]
    async fn settle(&self, order: u64, amount: u64) -> Result<(), TillError>;

    /// The orders that are settled, and those that were called off.
    async fn orders(&self) -> Result<Vec<(u64, bool)>, TillError>;

    #[call(every = "1s")]
    async fn tick(&mut self);

    async fn ticks(&self) -> u64;
}

#[seam::error]
pub(super) enum TillError {
    /// the ledger says no
    Refused { number: u64 },
    #[error(inner)]
    Inner(InnerError),
    #[error(store)]
    Store(StoreFailure),
}

impl From<LedgerError> for TillError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Bad { number } => Self::Refused { number },
            LedgerError::Store(failure) => Self::Store(failure),
        }
    }
}

fn told(error: CallError<LedgerError>) -> TillError {
    match error {
        CallError::Service(error) => error.into(),
        other => TillError::Inner(other.into()),
    }
}

#[derive(Debug)]
pub(super) struct TillService {
    sold: Topic<Sold>,
    returned: Topic<Returned>,
    orders: Table<u64, bool>,
    ledger: LedgerClient,
    me: TillClient,
    ticks: Table<u64, u64>,
    tickets: Tickets,
}

impl Actor for TillService {
    type Contract = TillContract;
    type Config = ();
    type Needs = (LedgerClient,);

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self {
            sold: setup.topic()?,
            returned: setup.topic()?,
            orders: setup.table("orders")?,
            ledger: setup.client()?,
            me: setup.own_client()?,
            ticks: setup.table("ticks")?,
            tickets: setup.tickets()?,
        })
    }
}

impl Till for TillService {
    async fn sell(&mut self, key: u64, number: u64, back: bool) -> Result<(), TillError> {
        let (sold, returned) = (self.sold.clone(), self.returned.clone());
        let sell = self.orders.store().transaction(move |tx| {
            tx.publish(&sold, &Sold { key, number })?;
            if back {
                tx.publish(&returned, &Returned { key, number })?;
            }
            Ok::<_, TillError>(())
        });
        Ok(sell.await?)
    }

    async fn note(&self, key: String, number: u64) -> Result<String, TillError> {
        let ticket = self.ledger.enter(number).enqueue(key).await.map_err(told)?;
        Ok(ticket.id().to_string())
    }

    async fn noted(&self, key: String, number: u64) -> Result<u64, TillError> {
        let ticket = self.ledger.enter(number).enqueue(key).await.map_err(told)?;
        ticket.result().await.map_err(told)
    }

    async fn told(&self, ticket: String) -> Result<Option<u64>, TillError> {
        let id = TicketId::parse(&ticket).unwrap();
        let found = self.tickets.find(id).await.map_err(|error| told(error.into()))?;
        let Some(found) = found else { return Ok(None) };
        assert_eq!((found.service(), found.method()), ("ledger", "enter"));
        found.result().await.map(Some).map_err(told)
    }

    async fn pay(&mut self, order: u64, amount: u64) -> Result<(), TillError> {
        let me = self.me.clone();
        let pay = self.orders.store().transaction(move |tx| {
            tx.send(me.settle(order, amount).enqueue(format!("order-{order}")))?;
            Ok::<_, TillError>(())
        });
        Ok(pay.await?)
    }

    async fn settle(&self, order: u64, amount: u64) -> Result<(), TillError> {
        let (saga, orders) = (seam::saga(), self.orders.clone());
        let called_off = orders.clone();
        saga.undo_here(move |tx| tx.insert(&called_off, &order, &false));
        saga.step(self.ledger.book(order, amount), self.ledger.unbook(order))
            .await
            .map_err(told)?;
        saga.once(self.ledger.enter(amount)).await.map_err(told)?;
        saga.once(self.ledger.pay_out(order)).await.map_err(told)?;
        saga.commit(move |tx| Ok(tx.insert(&orders, &order, &true)?)).await
    }

    async fn orders(&self) -> Result<Vec<(u64, bool)>, TillError> {
        Ok(self.orders.scan(Keys::all()).await?)
    }

    async fn tick(&mut self) {
        let ticks = self.ticks.get(&0).await.ok().flatten().unwrap_or_default();
        let _ = self.ticks.insert(&0, &(ticks + 1)).await;
    }

    async fn ticks(&self) -> u64 {
        self.ticks.get(&0).await.ok().flatten().unwrap_or_default()
    }
}

#[seam::contract(name = "ledger", version = "1.0")]
pub(super) trait Ledger {
    #[call(on)]
    async fn sold(&mut self, event: Sold) -> Result<(), LedgerError>;

    #[call(on)]
    async fn returned(&mut self, event: Returned) -> Result<(), LedgerError>;

    /// What was heard, in its order.
    async fn heard(&self) -> Result<Vec<Line>, LedgerError>;

    /// From now on 13 is fine.
    async fn mend(&mut self);

    /// Counts up; 13 is refused.
    #[call(idempotent)]
    async fn enter(&mut self, number: u64) -> Result<u64, LedgerError>;

    #[call(idempotent)]
    async fn book(&mut self, order: u64, amount: u64) -> Result<(), LedgerError>;

    #[call(idempotent)]
    async fn unbook(&mut self, order: u64) -> Result<(), LedgerError>;

    /// Counts up how often an order was paid out: twice would be wrong.
    async fn pay_out(&mut self, order: u64) -> Result<(), LedgerError>;

    /// The orders that were paid out, and how often.
    #[call(public)]
    async fn paid_out(&self) -> Result<Vec<(u64, u64)>, LedgerError>;

    /// What is booked.
    async fn booked(&self) -> Result<Vec<(u64, u64)>, LedgerError>;
}

/// What the ledger has heard of.
#[seam::message]
pub(super) struct Line {
    pub(super) key: u64,
    pub(super) number: u64,
    /// Whether it was taken back.
    pub(super) back: bool,
    /// By which delivery.
    pub(super) id: String,
}

#[seam::error]
pub(super) enum LedgerError {
    /// it can't be written down
    Bad { number: u64 },
    #[error(store)]
    Store(StoreFailure),
}

#[derive(Debug)]
pub(super) struct LedgerService {
    lines: Table<u64, Line>,
    entries: Table<u64, u64>,
    booked: Table<u64, u64>,
    paid_out: Table<u64, u64>,
    mended: bool,
}

impl Actor for LedgerService {
    type Contract = LedgerContract;
    type Config = ();
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        let (lines, entries, booked) =
            (setup.table("lines")?, setup.table("entries")?, setup.table("booked")?);
        let paid_out = setup.table("paid_out")?;
        Ok(Self { lines, entries, booked, paid_out, mended: false })
    }
}

impl LedgerService {
    async fn write(&mut self, key: u64, number: u64, back: bool) -> Result<(), LedgerError> {
        if number == 13 && !self.mended {
            return Err(LedgerError::Bad { number });
        }
        let id = seam::delivery().map(|delivery| delivery.id().to_owned()).unwrap_or_default();
        let lines = self.lines.clone();
        let write = self.lines.store().transaction(move |tx| {
            let next = tx.next_id(&lines)?;
            tx.insert(&lines, &next, &Line { key, number, back, id })
        });
        write.await?;
        if number == 14 {
            // A second transaction, which the delivery can't mark as well.
            return Ok(self.entries.insert(&14, &14).await?);
        }
        Ok(())
    }
}

impl Ledger for LedgerService {
    async fn sold(&mut self, event: Sold) -> Result<(), LedgerError> {
        self.write(event.key, event.number, false).await
    }

    async fn returned(&mut self, event: Returned) -> Result<(), LedgerError> {
        self.write(event.key, event.number, true).await
    }

    async fn heard(&self) -> Result<Vec<Line>, LedgerError> {
        Ok(self.lines.scan(Keys::all()).await?.into_iter().map(|(_, line)| line).collect())
    }

    async fn mend(&mut self) {
        self.mended = true;
    }

    async fn enter(&mut self, number: u64) -> Result<u64, LedgerError> {
        if number == 13 {
            return Err(LedgerError::Bad { number });
        }
        let entries = self.entries.clone();
        let enter = self.entries.store().transaction(move |tx| {
            let before = tx.get(&entries, &number)?.unwrap_or_default();
            tx.insert(&entries, &number, &(before + 1))?;
            Ok::<_, StoreError>(before + 1)
        });
        Ok(enter.await?)
    }

    async fn book(&mut self, order: u64, amount: u64) -> Result<(), LedgerError> {
        self.booked.insert(&order, &amount).await?;
        if amount == 13 { Err(LedgerError::Bad { number: amount }) } else { Ok(()) }
    }

    async fn unbook(&mut self, order: u64) -> Result<(), LedgerError> {
        self.booked.remove(&order).await?;
        Ok(())
    }

    async fn pay_out(&mut self, order: u64) -> Result<(), LedgerError> {
        let times = self.paid_out.get(&order).await?.unwrap_or_default();
        Ok(self.paid_out.insert(&order, &(times + 1)).await?)
    }

    async fn paid_out(&self) -> Result<Vec<(u64, u64)>, LedgerError> {
        Ok(self.paid_out.scan(Keys::all()).await?)
    }

    async fn booked(&self) -> Result<Vec<(u64, u64)>, LedgerError> {
        Ok(self.booked.scan(Keys::all()).await?)
    }
}
