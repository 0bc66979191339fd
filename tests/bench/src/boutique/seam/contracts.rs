//! The boutique's contracts.

use crate::boutique::messages::{
    AdRequest, AddItem, Ads, Cart, Charge, Confirmation, Conversion, Currencies, HomePage, Money,
    Nothing, Order, OrderPage, PlaceOrder, Product, ProductId, ProductIds, ProductPage,
    ProductVisit, Products, RecommendationRequest, Shipment, Tracking, Transaction, UserId,
    Visitor,
};

/// Why a service doesn't do what it is asked for.
#[seam::error]
pub(crate) enum Refused {
    /// Nothing of that name is known.
    #[error(status = 404)]
    Unknown,
    /// The card is no card.
    #[error(status = 402)]
    Card,
    /// A service that this one calls didn't answer.
    #[error(status = 502, text = "{why}")]
    Callee { why: String },
}

/// The products.
#[seam::contract(name = "catalog", version = "1.0")]
pub(crate) trait CatalogApi {
    async fn list(&self) -> Products;
    async fn get(&self, q: ProductId) -> Result<Product, Refused>;
}

/// Who wants what.
#[seam::contract(name = "cart", version = "1.0")]
pub(crate) trait CartApi {
    async fn get(&self, q: UserId) -> Cart;
    async fn add(&mut self, q: AddItem) -> Nothing;
    async fn empty(&mut self, q: UserId) -> Nothing;
}

/// What money is worth elsewhere.
#[seam::contract(name = "currency", version = "1.0")]
pub(crate) trait CurrencyApi {
    async fn list(&self) -> Currencies;
    async fn convert(&self, q: Conversion) -> Result<Money, Refused>;
}

/// Advertisements.
#[seam::contract(name = "ads", version = "1.0")]
pub(crate) trait AdsApi {
    async fn choose(&self, q: AdRequest) -> Ads;
}

/// What else one might like.
#[seam::contract(name = "recommendation", version = "1.0")]
pub(crate) trait RecommendationApi {
    async fn list(&self, q: RecommendationRequest) -> Result<ProductIds, Refused>;
}

/// Parcels.
#[seam::contract(name = "shipping", version = "1.0")]
pub(crate) trait ShippingApi {
    async fn quote(&self, q: Shipment) -> Money;
    async fn ship(&self, q: Shipment) -> Tracking;
}

/// Cards.
#[seam::contract(name = "payment", version = "1.0")]
pub(crate) trait PaymentApi {
    async fn charge(&self, q: Charge) -> Result<Transaction, Refused>;
}

/// Mail.
#[seam::contract(name = "email", version = "1.0")]
pub(crate) trait EmailApi {
    async fn confirm(&self, q: Confirmation) -> Nothing;
}

/// Orders.
#[seam::contract(name = "checkout", version = "1.0")]
pub(crate) trait CheckoutApi {
    #[call(complete)]
    async fn place_order(&self, q: PlaceOrder) -> Result<Order, Refused>;
}

/// Pages.
#[seam::contract(name = "frontend", version = "1.0")]
pub(crate) trait FrontendApi {
    async fn home(&self, q: Visitor) -> Result<HomePage, Refused>;
    async fn product(&self, q: ProductVisit) -> Result<ProductPage, Refused>;
    #[call(complete)]
    async fn add_to_cart(&self, q: AddItem) -> Result<Nothing, Refused>;
    #[call(complete)]
    async fn checkout(&self, q: PlaceOrder) -> Result<OrderPage, Refused>;
}
