//! The services without callees.

use seam::prelude::*;

use super::contracts::{
    AdsApi, AdsApiContract, CartApi, CartApiContract, CatalogApi, CatalogApiContract, CurrencyApi,
    CurrencyApiContract, EmailApi, EmailApiContract, PaymentApi, PaymentApiContract, Refused,
    ShippingApi, ShippingApiContract,
};
use crate::boutique::messages::{
    AdRequest, AddItem, Ads, Cart, Charge, Confirmation, Conversion, Currencies, Money, Nothing,
    Product, ProductId, Products, Shipment, Tracking, Transaction, UserId,
};
use crate::boutique::services::{self, Carts, Catalog};

/// An actor without config and callees, whose start can't fail.
macro_rules! actor {
    ($service:ty, $contract:ty, $new:expr) => {
        impl Actor for $service {
            type Contract = $contract;
            type Config = ();
            type Needs = ();

            async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
                Ok($new)
            }
        }
    };
}

actor!(CatalogService, CatalogApiContract, Self(Catalog::new()));
actor!(CartService, CartApiContract, Self(Carts::default()));
actor!(CurrencyService, CurrencyApiContract, Self);
actor!(AdsService, AdsApiContract, Self);
actor!(ShippingService, ShippingApiContract, Self);
actor!(PaymentService, PaymentApiContract, Self);
actor!(EmailService, EmailApiContract, Self);

#[derive(Debug)]
pub(crate) struct CatalogService(Catalog);

impl CatalogApi for CatalogService {
    async fn list(&self) -> Products {
        self.0.list()
    }

    async fn get(&self, q: ProductId) -> Result<Product, Refused> {
        self.0.get(&q.id).ok_or(Refused::Unknown)
    }
}

#[derive(Debug)]
pub(crate) struct CartService(Carts);

impl CartApi for CartService {
    async fn get(&self, q: UserId) -> Cart {
        self.0.get(&q.user)
    }

    async fn add(&mut self, q: AddItem) -> Nothing {
        self.0.add(q.user, q.item);
        Nothing {}
    }

    async fn empty(&mut self, q: UserId) -> Nothing {
        self.0.empty(&q.user);
        Nothing {}
    }
}

#[derive(Debug)]
pub(crate) struct CurrencyService;

impl CurrencyApi for CurrencyService {
    async fn list(&self) -> Currencies {
        services::currencies()
    }

    async fn convert(&self, q: Conversion) -> Result<Money, Refused> {
        services::convert(&q).ok_or(Refused::Unknown)
    }
}

#[derive(Debug)]
pub(crate) struct AdsService;

impl AdsApi for AdsService {
    async fn choose(&self, q: AdRequest) -> Ads {
        services::ads(&q)
    }
}

#[derive(Debug)]
pub(crate) struct ShippingService;

impl ShippingApi for ShippingService {
    async fn quote(&self, q: Shipment) -> Money {
        services::quote(&q)
    }

    async fn ship(&self, q: Shipment) -> Tracking {
        services::ship(&q)
    }
}

#[derive(Debug)]
pub(crate) struct PaymentService;

impl PaymentApi for PaymentService {
    async fn charge(&self, q: Charge) -> Result<Transaction, Refused> {
        services::charge(&q).ok_or(Refused::Card)
    }
}

#[derive(Debug)]
pub(crate) struct EmailService;

impl EmailApi for EmailService {
    async fn confirm(&self, q: Confirmation) -> Nothing {
        std::hint::black_box(services::mail(&q));
        Nothing {}
    }
}
