//! Who calls whom: the frontend, the checkout and the recommendations, written once over
//! whatever carries the calls.

use anyhow::Context;

use super::messages::{
    Ad, AdRequest, AddItem, Ads, Cart, CartItem, Charge, Confirmation, Conversion, Currencies,
    HomePage, Money, Nothing, Offer, Order, OrderItem, OrderPage, PlaceOrder, Product, ProductId,
    ProductIds, ProductPage, ProductVisit, Products, RecommendationRequest, Shipment, Tracking,
    Transaction, UserId, Visitor,
};
use super::{money, services};

type Answer<T> = anyhow::Result<T>;

/// The calls between the services, each as its contender makes it.
pub(crate) trait Calls: Send + Sync + 'static {
    fn list_products(&self, q: Nothing) -> impl Future<Output = Answer<Products>> + Send;
    fn get_product(&self, q: ProductId) -> impl Future<Output = Answer<Product>> + Send;
    fn get_cart(&self, q: UserId) -> impl Future<Output = Answer<Cart>> + Send;
    fn add_item(&self, q: AddItem) -> impl Future<Output = Answer<Nothing>> + Send;
    fn empty_cart(&self, q: UserId) -> impl Future<Output = Answer<Nothing>> + Send;
    fn currencies(&self, q: Nothing) -> impl Future<Output = Answer<Currencies>> + Send;
    fn convert(&self, q: Conversion) -> impl Future<Output = Answer<Money>> + Send;
    fn ads(&self, q: AdRequest) -> impl Future<Output = Answer<Ads>> + Send;
    fn recommend(
        &self,
        q: RecommendationRequest,
    ) -> impl Future<Output = Answer<ProductIds>> + Send;
    fn quote(&self, q: Shipment) -> impl Future<Output = Answer<Money>> + Send;
    fn ship(&self, q: Shipment) -> impl Future<Output = Answer<Tracking>> + Send;
    fn charge(&self, q: Charge) -> impl Future<Output = Answer<Transaction>> + Send;
    fn confirm(&self, q: Confirmation) -> impl Future<Output = Answer<Nothing>> + Send;
    fn place_order(&self, q: PlaceOrder) -> impl Future<Output = Answer<Order>> + Send;
}

/// The frontend's home page.
pub(crate) async fn home(calls: &impl Calls, visitor: Visitor) -> Answer<HomePage> {
    let currencies = calls.currencies(Nothing {}).await?.codes;
    let products = calls.list_products(Nothing {}).await?.products;
    let cart_size = cart_size(calls, &visitor.user).await?;
    let mut offers = Vec::with_capacity(products.len());
    for product in products {
        offers.push(offer(calls, product, &visitor.currency).await?);
    }
    let ad = ad(calls, vec![]).await?;
    Ok(HomePage { currencies, offers, cart_size, ad })
}

/// The frontend's page of one product.
pub(crate) async fn product(calls: &impl Calls, visit: ProductVisit) -> Answer<ProductPage> {
    let ProductVisit { visitor, product: id } = visit;
    let product = calls.get_product(ProductId { id: id.clone() }).await?;
    let currencies = calls.currencies(Nothing {}).await?.codes;
    let cart_size = cart_size(calls, &visitor.user).await?;
    let offer = offer(calls, product, &visitor.currency).await?;
    let recommendations = recommendations(calls, visitor.user, vec![id]).await?;
    let ad = ad(calls, offer.product.categories.clone()).await?;
    Ok(ProductPage { currencies, offer, recommendations, cart_size, ad })
}

/// The frontend's answer to a product put into the cart.
pub(crate) async fn add_to_cart(calls: &impl Calls, wish: AddItem) -> Answer<Nothing> {
    let product = calls.get_product(ProductId { id: wish.item.product }).await?;
    let item = CartItem { product: product.id, quantity: wish.item.quantity };
    calls.add_item(AddItem { user: wish.user, item }).await
}

/// The frontend's page after an order.
pub(crate) async fn checkout(calls: &impl Calls, order: PlaceOrder) -> Answer<OrderPage> {
    let user = order.user.clone();
    let order = calls.place_order(order).await?;
    let recommendations = recommendations(calls, user, vec![]).await?;
    let currencies = calls.currencies(Nothing {}).await?.codes;
    let total = total(&order.shipping, &order.items);
    Ok(OrderPage { currencies, order, total, recommendations })
}

/// The checkout service.
pub(crate) async fn place_order(calls: &impl Calls, order: PlaceOrder) -> Answer<Order> {
    let PlaceOrder { user, currency, address, email, card } = order;
    let cart = calls.get_cart(UserId { user: user.clone() }).await?.items;
    let mut items = Vec::with_capacity(cart.len());
    for item in &cart {
        let product = calls.get_product(ProductId { id: item.product.clone() }).await?;
        let to = currency.clone();
        let cost = calls.convert(Conversion { from: product.price_usd, to }).await?;
        items.push(OrderItem { item: item.clone(), cost });
    }
    let shipment = Shipment { address, items: cart };
    let quote = calls.quote(shipment.clone()).await?;
    let shipping = calls.convert(Conversion { from: quote, to: currency }).await?;
    let amount = total(&shipping, &items);
    let transaction = calls.charge(Charge { amount, card }).await?;
    let tracking = calls.ship(shipment.clone()).await?.id;
    calls.empty_cart(UserId { user }).await?;
    let order = Order { id: transaction.id, tracking, shipping, address: shipment.address, items };
    calls.confirm(Confirmation { email, order: order.clone() }).await?;
    Ok(order)
}

/// The recommendation service.
pub(crate) async fn recommend(
    calls: &impl Calls,
    request: RecommendationRequest,
) -> Answer<ProductIds> {
    let all = calls.list_products(Nothing {}).await?;
    Ok(services::recommend(&request, all))
}

async fn cart_size(calls: &impl Calls, user: &str) -> Answer<u32> {
    let cart = calls.get_cart(UserId { user: user.to_owned() }).await?;
    Ok(cart.items.iter().map(|item| item.quantity).sum())
}

async fn offer(calls: &impl Calls, product: Product, currency: &str) -> Answer<Offer> {
    let conversion = Conversion { from: product.price_usd.clone(), to: currency.to_owned() };
    Ok(Offer { price: calls.convert(conversion).await?, product })
}

/// All of them are fetched and four are shown: so does the original.
async fn recommendations(
    calls: &impl Calls,
    user: String,
    products: Vec<String>,
) -> Answer<Vec<Product>> {
    let ids = calls.recommend(RecommendationRequest { user, products }).await?.ids;
    let mut shown = Vec::with_capacity(ids.len());
    for id in ids {
        shown.push(calls.get_product(ProductId { id }).await?);
    }
    shown.truncate(4);
    Ok(shown)
}

async fn ad(calls: &impl Calls, context: Vec<String>) -> Answer<Ad> {
    let ads = calls.ads(AdRequest { context }).await?.ads;
    ads.into_iter().next().context("there is no ad")
}

fn total(shipping: &Money, items: &[OrderItem]) -> Money {
    items.iter().fold(shipping.clone(), |sum, OrderItem { item, cost }| {
        money::sum(&sum, &money::times(cost, item.quantity))
    })
}
