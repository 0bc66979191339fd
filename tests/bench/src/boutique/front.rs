//! The HTTP front, the same for all contenders: it asks the frontend for a page and answers with
//! it as JSON. Its CPU time is reported apart.

use actix_web::error::ErrorBadGateway;
use actix_web::web::{Data, Form, Json, Path, Query, get, post};
use actix_web::{App, HttpServer, rt};

use super::messages::{
    AddItem, Address, Card, CartItem, HomePage, Nothing, OrderPage, PlaceOrder, ProductPage,
    ProductVisit, Visitor,
};
use crate::measure::{Event, announce, obey};

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

/// Serves on one thread until the bench lets go.
pub(crate) fn serve<P: Pages>(
    connect: impl AsyncFnOnce() -> anyhow::Result<P>,
) -> anyhow::Result<()> {
    let stop = obey();
    rt::System::new().block_on(async {
        let pages = Data::new(connect().await?);
        let app = move || {
            App::new()
                .app_data(pages.clone())
                .route("/", get().to(home::<P>))
                .route("/product/{id}", get().to(product::<P>))
                .route("/cart", post().to(add_to_cart::<P>))
                .route("/cart/checkout", post().to(checkout::<P>))
        };
        let server = HttpServer::new(app).workers(1).bind(("127.0.0.1", 0))?;
        for address in server.addrs() {
            announce(&Event::Listening(address.to_string()));
        }
        let server = server.disable_signals().run();
        let handle = server.handle();
        rt::spawn(async move {
            let _ = stop.await;
            handle.stop(false).await;
        });
        Ok(server.await?)
    })
}
