//! The services that call others.

use anyhow::Context;
use seam::prelude::*;

use super::contracts::{
    AdsApiClient, CartApiClient, CatalogApiClient, CheckoutApi, CheckoutApiClient,
    CheckoutApiContract, CurrencyApiClient, EmailApiClient, FrontendApi, FrontendApiContract,
    PaymentApiClient, RecommendationApi, RecommendationApiClient, RecommendationApiContract,
    Refused, ShippingApiClient,
};
use crate::boutique::calls::{self, Calls};
use crate::boutique::messages::{
    AdRequest, AddItem, Ads, Cart, Charge, Confirmation, Conversion, Currencies, HomePage, Money,
    Nothing, Order, OrderPage, PlaceOrder, Product, ProductId, ProductIds, ProductPage,
    ProductVisit, Products, RecommendationRequest, Shipment, Tracking, Transaction, UserId,
    Visitor,
};

/// The clients that a service has, each if it needs it.
#[derive(Clone, Debug, Default)]
struct Callees {
    catalog: Option<CatalogApiClient>,
    cart: Option<CartApiClient>,
    currency: Option<CurrencyApiClient>,
    ads: Option<AdsApiClient>,
    recommendation: Option<RecommendationApiClient>,
    shipping: Option<ShippingApiClient>,
    payment: Option<PaymentApiClient>,
    email: Option<EmailApiClient>,
    checkout: Option<CheckoutApiClient>,
}

/// One call as `Calls` wants it.
macro_rules! call {
    ($self:ident.$callee:ident.$method:ident($($q:ident)?)) => {{
        let client = $self.$callee.as_ref().context(concat!("no way to ", stringify!($callee)))?;
        Ok(client.$method($($q)?).await?)
    }};
}

impl Calls for Callees {
    async fn list_products(&self, _: Nothing) -> anyhow::Result<Products> {
        call!(self.catalog.list())
    }

    async fn get_product(&self, q: ProductId) -> anyhow::Result<Product> {
        call!(self.catalog.get(q))
    }

    async fn get_cart(&self, q: UserId) -> anyhow::Result<Cart> {
        call!(self.cart.get(q))
    }

    async fn add_item(&self, q: AddItem) -> anyhow::Result<Nothing> {
        call!(self.cart.add(q))
    }

    async fn empty_cart(&self, q: UserId) -> anyhow::Result<Nothing> {
        call!(self.cart.empty(q))
    }

    async fn currencies(&self, _: Nothing) -> anyhow::Result<Currencies> {
        call!(self.currency.list())
    }

    async fn convert(&self, q: Conversion) -> anyhow::Result<Money> {
        call!(self.currency.convert(q))
    }

    async fn ads(&self, q: AdRequest) -> anyhow::Result<Ads> {
        call!(self.ads.choose(q))
    }

    async fn recommend(&self, q: RecommendationRequest) -> anyhow::Result<ProductIds> {
        call!(self.recommendation.list(q))
    }

    async fn quote(&self, q: Shipment) -> anyhow::Result<Money> {
        call!(self.shipping.quote(q))
    }

    async fn ship(&self, q: Shipment) -> anyhow::Result<Tracking> {
        call!(self.shipping.ship(q))
    }

    async fn charge(&self, q: Charge) -> anyhow::Result<Transaction> {
        call!(self.payment.charge(q))
    }

    async fn confirm(&self, q: Confirmation) -> anyhow::Result<Nothing> {
        call!(self.email.confirm(q))
    }

    async fn place_order(&self, q: PlaceOrder) -> anyhow::Result<Order> {
        call!(self.checkout.place_order(q))
    }
}

fn passed_on<T>(outcome: anyhow::Result<T>) -> Result<T, Refused> {
    outcome.map_err(|why| Refused::Callee { why: format!("{why:#}") })
}

#[derive(Debug)]
pub(crate) struct RecommendationService(Callees);

impl Actor for RecommendationService {
    type Contract = RecommendationApiContract;
    type Config = ();
    type Needs = (CatalogApiClient,);

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self(Callees { catalog: Some(setup.client()?), ..Callees::default() }))
    }
}

impl RecommendationApi for RecommendationService {
    async fn list(&self, q: RecommendationRequest) -> Result<ProductIds, Refused> {
        passed_on(calls::recommend(&self.0, q).await)
    }
}

#[derive(Debug)]
pub(crate) struct CheckoutService(Callees);

impl Actor for CheckoutService {
    type Contract = CheckoutApiContract;
    type Config = ();
    type Needs = (
        CatalogApiClient,
        CartApiClient,
        CurrencyApiClient,
        ShippingApiClient,
        PaymentApiClient,
        EmailApiClient,
    );

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self(Callees {
            catalog: Some(setup.client()?),
            cart: Some(setup.client()?),
            currency: Some(setup.client()?),
            shipping: Some(setup.client()?),
            payment: Some(setup.client()?),
            email: Some(setup.client()?),
            ..Callees::default()
        }))
    }
}

impl CheckoutApi for CheckoutService {
    async fn place_order(&self, q: PlaceOrder) -> Result<Order, Refused> {
        passed_on(calls::place_order(&self.0, q).await)
    }
}

#[derive(Debug)]
pub(crate) struct FrontendService(Callees);

impl Actor for FrontendService {
    type Contract = FrontendApiContract;
    type Config = ();
    type Needs = (
        CatalogApiClient,
        CartApiClient,
        CurrencyApiClient,
        AdsApiClient,
        RecommendationApiClient,
        CheckoutApiClient,
    );

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self(Callees {
            catalog: Some(setup.client()?),
            cart: Some(setup.client()?),
            currency: Some(setup.client()?),
            ads: Some(setup.client()?),
            recommendation: Some(setup.client()?),
            checkout: Some(setup.client()?),
            ..Callees::default()
        }))
    }
}

impl FrontendApi for FrontendService {
    async fn home(&self, q: Visitor) -> Result<HomePage, Refused> {
        passed_on(calls::home(&self.0, q).await)
    }

    async fn product(&self, q: ProductVisit) -> Result<ProductPage, Refused> {
        passed_on(calls::product(&self.0, q).await)
    }

    async fn add_to_cart(&self, q: AddItem) -> Result<Nothing, Refused> {
        passed_on(calls::add_to_cart(&self.0, q).await)
    }

    async fn checkout(&self, q: PlaceOrder) -> Result<OrderPage, Refused> {
        passed_on(calls::checkout(&self.0, q).await)
    }
}
