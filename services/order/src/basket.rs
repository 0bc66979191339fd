//! What can be ordered, and what it comes to.

use payment::Cents;
use quote::Line;

use crate::contract::{OrderError, Product};

/// The most kinds of products in an order, so that an order fits in a row of the store.
const MOST_PRODUCTS: usize = 100;
/// The longest sku, in characters.
const LONGEST_SKU: usize = 64;
/// The highest total: ten billion, far over what any charge may be and far below any overflow.
const HIGHEST_TOTAL: Cents = 1_000_000_000_000;
/// The longest idempotency key, in bytes.
const LONGEST_KEY: usize = 255;

/// The products as lines to ask the prices of, if they can be ordered.
pub(crate) fn lines(products: &[Product]) -> Result<Vec<Line>, OrderError> {
    let invalid = |reason: String| Err(OrderError::InvalidOrder { reason });
    if products.is_empty() {
        return invalid("there are no products".into());
    }
    if products.len() > MOST_PRODUCTS {
        return invalid(format!("there are more than {MOST_PRODUCTS} products"));
    }
    for (index, product) in products.iter().enumerate() {
        let number = index + 1;
        let sku = product.sku.trim();
        if sku.is_empty() || product.sku.chars().count() > LONGEST_SKU {
            return invalid(format!(
                "the sku of product {number} has 1 to {LONGEST_SKU} characters"
            ));
        }
        if product.quantity == 0 {
            return invalid(format!("the quantity of product {number} is below 1"));
        }
        if product.unit_price_cents == 0 {
            return invalid(format!("the price of product {number} is below 1"));
        }
    }
    let line = |product: &Product| {
        let Product { sku, quantity, unit_price_cents } = product.clone();
        Line { sku, quantity, unit_price_cents }
    };
    let lines: Vec<Line> = products.iter().map(line).collect();
    // Whether an order is too high isn't a question of whether there is a discount just now.
    total(&quote::full_price(&lines))?;
    Ok(lines)
}

/// What lines of these prices come to, if that can be ordered.
pub(crate) fn total(prices: &[Cents]) -> Result<Cents, OrderError> {
    let total = prices.iter().try_fold(0, |total: Cents, price| total.checked_add(*price));
    total.filter(|total| *total <= HIGHEST_TOTAL).ok_or_else(|| OrderError::InvalidOrder {
        reason: format!("the total is over {HIGHEST_TOTAL} cents"),
    })
}

/// Refuses what can't be an idempotency key.
pub(crate) fn check_key(key: &str) -> Result<(), OrderError> {
    let visible = key.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    match visible && (1..=LONGEST_KEY).contains(&key.len()) {
        true => Ok(()),
        false => Err(OrderError::InvalidIdempotencyKey),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(sku: &str, quantity: u64, unit_price_cents: Cents) -> Product {
        Product { sku: sku.into(), quantity, unit_price_cents }
    }

    fn reason(products: &[Product]) -> String {
        match lines(products) {
            Err(OrderError::InvalidOrder { reason }) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn totals_add_up() {
        assert_eq!(total(&[900, 100]), Ok(1000));
        assert_eq!(total(&[HIGHEST_TOTAL]), Ok(HIGHEST_TOTAL));
        for prices in [&[HIGHEST_TOTAL, 1][..], &[Cents::MAX, Cents::MAX], &[Cents::MAX]] {
            let reason = "the total is over 1000000000000 cents".into();
            assert_eq!(total(prices), Err(OrderError::InvalidOrder { reason }));
        }
    }

    #[test]
    fn what_can_be_ordered() {
        let line = |sku: &str, quantity, unit_price_cents| Line {
            sku: sku.into(),
            quantity,
            unit_price_cents,
        };
        let products = [product("tea", 2, 450), product("cup", 1, 100)];
        assert_eq!(lines(&products), Ok(vec![line("tea", 2, 450), line("cup", 1, 100)]));
        assert!(lines(&[product("isle", 1, HIGHEST_TOTAL)]).is_ok());
        assert!(lines(&vec![product("tea", 1, 1); MOST_PRODUCTS]).is_ok());
    }

    #[test]
    fn what_can_not_be_ordered() {
        let over = "the total is over 1000000000000 cents";
        let (tea, max) = (product("tea", 1, 1), u64::MAX);
        assert_eq!(reason(&[]), "there are no products");
        assert_eq!(reason(&vec![tea.clone(); 101]), "there are more than 100 products");
        for sku in ["", " ", &"x".repeat(65)] {
            let products = [tea.clone(), product(sku, 1, 1)];
            assert_eq!(reason(&products), "the sku of product 2 has 1 to 64 characters");
        }
        assert_eq!(reason(&[product("tea", 0, 1)]), "the quantity of product 1 is below 1");
        assert_eq!(reason(&[product("tea", 1, 0)]), "the price of product 1 is below 1");
        assert_eq!(reason(&[product("isle", 1, HIGHEST_TOTAL), tea.clone()]), over);
        assert_eq!(reason(&[product("tea", max, 2)]), over);
        assert_eq!(reason(&[product("tea", max, 1), product("tea", max, 1)]), over);
    }

    #[test]
    fn keys() {
        assert_eq!(check_key("a-1"), Ok(()));
        for key in ["", "\u{e9}", "a\nb", &"x".repeat(256)] {
            assert_eq!(check_key(key), Err(OrderError::InvalidIdempotencyKey), "{key}");
        }
    }
}
