//! What the services without callees know and do, whoever calls them.

use std::collections::HashMap;

use super::messages::{
    Ad, AdRequest, Address, Ads, Cart, CartItem, Charge, Confirmation, Conversion, Currencies,
    Money, OrderItem, Product, ProductIds, Products, RecommendationRequest, Shipment, Tracking,
    Transaction,
};
use super::money;

/// Id, name, price in US cents, category.
const PRODUCTS: [(&str, &str, i64, &str); 9] = [
    ("OLJCESPC7Z", "Sunglasses", 1999, "accessories"),
    ("66VCHSJNUP", "Tank Top", 1899, "clothing"),
    ("1YMWWN1N4O", "Watch", 10999, "accessories"),
    ("L9ECAV7KIM", "Loafers", 8999, "footwear"),
    ("2ZYFJ3GM2N", "Hairdryer", 2499, "hair"),
    ("0PUK6V6EV0", "Candle Holder", 1899, "decor"),
    ("LS4PSXUNUM", "Salt & Pepper Shakers", 1849, "kitchen"),
    ("9SIQT8TOJO", "Bamboo Glass Jar", 549, "kitchen"),
    ("6E92ZMYYFZ", "Mug", 899, "kitchen"),
];

/// A product that exists.
pub(crate) fn some_product(n: u64) -> &'static str {
    PRODUCTS[(n % 9) as usize].0
}

#[derive(Debug)]
pub(crate) struct Catalog(Vec<Product>);

impl Catalog {
    pub(crate) fn new() -> Self {
        let product = |&(id, name, cents, category): &(&str, &str, i64, &str)| Product {
            id: id.to_owned(),
            name: name.to_owned(),
            description: format!("The {name} that everybody in town is talking about."),
            picture: format!("/static/img/products/{}.jpg", id.to_lowercase()),
            price_usd: money::usd(cents),
            categories: vec![category.to_owned()],
        };
        Self(PRODUCTS.iter().map(product).collect())
    }

    pub(crate) fn list(&self) -> Products {
        Products { products: self.0.clone() }
    }

    pub(crate) fn get(&self, id: &str) -> Option<Product> {
        self.0.iter().find(|product| product.id == id).cloned()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Carts(HashMap<String, Vec<CartItem>>);

impl Carts {
    pub(crate) fn get(&self, user: &str) -> Cart {
        Cart { items: self.0.get(user).cloned().unwrap_or_default() }
    }

    pub(crate) fn add(&mut self, user: String, item: CartItem) {
        let items = self.0.entry(user).or_default();
        match items.iter_mut().find(|known| known.product == item.product) {
            Some(known) => known.quantity = known.quantity.saturating_add(item.quantity),
            None => items.push(item),
        }
    }

    pub(crate) fn empty(&mut self, user: &str) {
        self.0.remove(user);
    }
}

/// Thousandths of each currency that a euro is worth.
const RATES: [(&str, i128); 6] = [
    ("EUR", 1_000),
    ("USD", 1_131),
    ("JPY", 126_400),
    ("GBP", 860),
    ("TRY", 6_130),
    ("CAD", 1_513),
];

pub(crate) fn currencies() -> Currencies {
    Currencies { codes: RATES.iter().map(|(code, _)| (*code).to_owned()).collect() }
}

pub(crate) fn convert(conversion: &Conversion) -> Option<Money> {
    let rate = |code: &str| RATES.iter().find(|(known, _)| *known == code).map(|(_, rate)| *rate);
    let (from, to) = (rate(&conversion.from.currency)?, rate(&conversion.to)?);
    Some(money::converted(&conversion.from, from, to, &conversion.to))
}

pub(crate) fn ads(request: &AdRequest) -> Ads {
    let ad = |&(id, name, _, category): &(&str, &str, i64, &str)| {
        let wanted = request.context.is_empty() || request.context.iter().any(|c| c == category);
        wanted.then(|| Ad {
            url: format!("/product/{id}"),
            text: format!("{name} for sale. 20% off."),
        })
    };
    Ads { ads: PRODUCTS.iter().filter_map(ad).take(2).collect() }
}

/// Five products that aren't those already looked at.
pub(crate) fn recommend(request: &RecommendationRequest, all: Products) -> ProductIds {
    let others = all.products.into_iter().map(|product| product.id);
    let fresh = others.filter(|id| !request.products.contains(id));
    ProductIds { ids: fresh.take(5).collect() }
}

pub(crate) fn quote(shipment: &Shipment) -> Money {
    let count: u32 = shipment.items.iter().map(|item| item.quantity).sum();
    money::usd(if count == 0 { 0 } else { 899 + i64::from(address_sum(&shipment.address) % 10) })
}

pub(crate) fn ship(shipment: &Shipment) -> Tracking {
    let sum = address_sum(&shipment.address);
    Tracking { id: format!("SH-{sum:05}-{:03}", shipment.items.len()) }
}

fn address_sum(address: &Address) -> u32 {
    let words = [&address.street, &address.city, &address.state, &address.country];
    let bytes: u32 = words.iter().flat_map(|word| word.bytes()).map(u32::from).sum();
    bytes + address.zip_code % 1_000
}

/// The transaction's id, or none where the card can't be right.
pub(crate) fn charge(charge: &Charge) -> Option<Transaction> {
    let Charge { amount, card } = charge;
    let right = card.number.len() >= 12
        && (1..=12).contains(&card.month)
        && card.year >= 2025
        && card.cvv < 10_000
        && amount.units >= 0;
    right.then(|| Transaction {
        id: format!(
            "{}-{}.{:09}",
            &card.number[card.number.len() - 4..],
            amount.units,
            amount.nanos
        ),
    })
}

/// The mail that would be sent; how long it is.
pub(crate) fn mail(confirmation: &Confirmation) -> usize {
    let order = &confirmation.order;
    let mut text = format!("To: {}\n\nYour order {} is on its way", confirmation.email, order.id);
    text += &format!(" to {} ({}).\n", order.address.city, order.tracking);
    for OrderItem { item, cost } in &order.items {
        text +=
            &format!("{} × {}: {} {}\n", item.quantity, item.product, cost.units, cost.currency);
    }
    text.len()
}
