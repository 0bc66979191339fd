//! The HTTP front, the same for all contenders: it asks the frontend for a page and answers with
//! it as JSON. Its CPU time is reported apart.

use std::future::poll_fn;

use actix_http::HttpService;
use actix_service::{Service, ServiceFactory, map_config};
use actix_web::dev::AppConfig;
use actix_web::error::ErrorBadGateway;
use actix_web::web::{Data, Form, Json, Path, Query, get, post};
use actix_web::{App, rt};
use anyhow::anyhow;

use super::messages::{
    AddItem, Address, Card, CartItem, HomePage, Nothing, OrderPage, PlaceOrder, ProductPage,
    ProductVisit, Visitor,
};
use crate::remote::listening;

/// The frontend, as a contender reaches it.
pub(crate) trait Pages: Clone + Send + Sync + 'static {
    fn home(&self, q: Visitor) -> impl Future<Output = anyhow::Result<HomePage>> + Send;
    fn product(&self, q: ProductVisit) -> impl Future<Output = anyhow::Result<ProductPage>> + Send;
    fn add_to_cart(&self, q: AddItem) -> impl Future<Output = anyhow::Result<Nothing>> + Send;
    fn checkout(&self, q: PlaceOrder) -> impl Future<Output = anyhow::Result<OrderPage>> + Send;
}

type Page<T> = actix_web::Result<Json<T>>;

fn page<T>(answer: anyhow::Result<T>) -> Page<T> {
    answer.map(Json).map_err(|why| ErrorBadGateway(format!("{why:#}")))
}

async fn home<P: Pages>(pages: Data<P>, Query(visitor): Query<Visitor>) -> Page<HomePage> {
    page(pages.home(visitor).await)
}

async fn product<P: Pages>(
    pages: Data<P>,
    product: Path<String>,
    Query(visitor): Query<Visitor>,
) -> Page<ProductPage> {
    page(pages.product(ProductVisit { visitor, product: product.into_inner() }).await)
}

/// What a browser's form says.
#[derive(Debug, serde::Deserialize)]
struct CartForm {
    user: String,
    product_id: String,
    quantity: u32,
}

async fn add_to_cart<P: Pages>(pages: Data<P>, Form(form): Form<CartForm>) -> Page<Nothing> {
    let item = CartItem { product: form.product_id, quantity: form.quantity };
    page(pages.add_to_cart(AddItem { user: form.user, item }).await)
}

#[derive(Debug, serde::Deserialize)]
struct CheckoutForm {
    user: String,
    currency: String,
    email: String,
    street_address: String,
    zip_code: u32,
    city: String,
    state: String,
    country: String,
    credit_card_number: String,
    credit_card_expiration_month: u32,
    credit_card_expiration_year: u32,
    credit_card_cvv: u32,
}

async fn checkout<P: Pages>(pages: Data<P>, Form(form): Form<CheckoutForm>) -> Page<OrderPage> {
    let order = PlaceOrder {
        user: form.user,
        currency: form.currency,
        address: Address {
            street: form.street_address,
            city: form.city,
            state: form.state,
            country: form.country,
            zip_code: form.zip_code,
        },
        email: form.email,
        card: Card {
            number: form.credit_card_number,
            cvv: form.credit_card_cvv,
            year: form.credit_card_expiration_year,
            month: form.credit_card_expiration_month,
        },
    };
    page(pages.checkout(order).await)
}

/// Serves on the thread that it is called on, and announces where. Whatever carries the calls lives
/// on that thread as well, so that no request changes threads on its way through the front.
pub(crate) async fn serve<P: Pages>(pages: P) -> anyhow::Result<()> {
    let app = App::new()
        .app_data(Data::new(pages))
        .route("/", get().to(home::<P>))
        .route("/product/{id}", get().to(product::<P>))
        .route("/cart", post().to(add_to_cart::<P>))
        .route("/cart/checkout", post().to(checkout::<P>));
    let http = HttpService::build().h1(map_config(app, |()| AppConfig::default())).tcp();
    let http = http.new_service(()).await.map_err(|()| anyhow!("the front can't start"))?;
    let listener = listening().await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        poll_fn(|cx| http.poll_ready(cx)).await.map_err(|why| anyhow!("the front: {why}"))?;
        // A visitor that leaves ends their connection, and nobody is told.
        drop(rt::spawn(http.call(stream)));
    }
}
