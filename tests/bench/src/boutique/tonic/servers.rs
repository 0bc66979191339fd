//! The ten services as tonic serves them.

use std::sync::Arc;

use parking_lot::Mutex;
use tonic::Status;

use super::client::Callees;
use crate::boutique::calls;
use crate::boutique::messages::{
    AdRequest, AddItem, Ads, Cart, Charge, Confirmation, Conversion, Currencies, HomePage, Money,
    Nothing, Order, OrderPage, PlaceOrder, Product, ProductId, ProductIds, ProductPage,
    ProductVisit, Products, RecommendationRequest, Shipment, Tracking, Transaction, UserId,
    Visitor,
};
use crate::boutique::services::{self, Carts, Catalog};
use crate::grpc::grpc_service;

type Reply<T> = Result<T, Status>;

// === catalog ===

impl Catalog {
    async fn list_call(&self, _: Nothing) -> Reply<Products> {
        Ok(self.list())
    }

    async fn get_call(&self, q: ProductId) -> Reply<Product> {
        self.get(&q.id).ok_or_else(|| Status::not_found("no such product"))
    }
}

grpc_service!(CatalogServer(Catalog), "boutique.Catalog" {
    "List" => list_call: Nothing => Products;
    "Get" => get_call: ProductId => Product;
});

impl CatalogServer {
    pub(crate) fn new(catalog: Catalog) -> Self {
        Self(Arc::new(catalog))
    }
}

// === cart ===

#[derive(Debug)]
pub(crate) struct CartService(Mutex<Carts>);

impl CartService {
    async fn get(&self, q: UserId) -> Reply<Cart> {
        Ok(self.0.lock().get(&q.user))
    }

    async fn add(&self, q: AddItem) -> Reply<Nothing> {
        self.0.lock().add(q.user, q.item);
        Ok(Nothing {})
    }

    async fn empty(&self, q: UserId) -> Reply<Nothing> {
        self.0.lock().empty(&q.user);
        Ok(Nothing {})
    }
}

grpc_service!(CartServer(CartService), "boutique.Cart" {
    "Get" => get: UserId => Cart;
    "Add" => add: AddItem => Nothing;
    "Empty" => empty: UserId => Nothing;
});

impl CartServer {
    pub(crate) fn new(carts: Carts) -> Self {
        Self(Arc::new(CartService(Mutex::new(carts))))
    }
}

// === services without state ===

/// Declares a service that keeps nothing, and its server.
macro_rules! stateless {
    ($server:ident($service:ident), $name:literal {
        $($path:literal => $method:ident($q:ident: $request:ty) -> $reply:ty $body:block)*
    }) => {
        #[derive(Debug)]
        pub(crate) struct $service;

        impl $service {
            $(async fn $method(&self, $q: $request) -> Reply<$reply> $body)*
        }

        grpc_service!($server($service), $name {
            $($path => $method: $request => $reply;)*
        });

        impl $server {
            pub(crate) fn new() -> Self {
                Self(Arc::new($service))
            }
        }
    };
}

stateless!(CurrencyServer(CurrencyService), "boutique.Currency" {
    "List" => list(_q: Nothing) -> Currencies { Ok(services::currencies()) }
    "Convert" => convert(q: Conversion) -> Money {
        services::convert(&q).ok_or_else(|| Status::invalid_argument("unknown currency"))
    }
});

stateless!(AdsServer(AdsService), "boutique.Ads" {
    "Choose" => choose(q: AdRequest) -> Ads { Ok(services::ads(&q)) }
});

stateless!(ShippingServer(ShippingService), "boutique.Shipping" {
    "Quote" => quote(q: Shipment) -> Money { Ok(services::quote(&q)) }
    "Ship" => ship(q: Shipment) -> Tracking { Ok(services::ship(&q)) }
});

stateless!(PaymentServer(PaymentService), "boutique.Payment" {
    "Charge" => charge(q: Charge) -> Transaction {
        services::charge(&q).ok_or_else(|| Status::invalid_argument("the card is refused"))
    }
});

stateless!(EmailServer(EmailService), "boutique.Email" {
    "Confirm" => confirm(q: Confirmation) -> Nothing {
        std::hint::black_box(services::mail(&q));
        Ok(Nothing {})
    }
});

// === services that call others ===

/// Declares a service that calls others, and its server.
macro_rules! calling {
    ($server:ident($service:ident), $name:literal {
        $($path:literal => $method:ident: $request:ty => $reply:ty;)*
    }) => {
        #[derive(Debug)]
        pub(crate) struct $service(Callees);

        impl $service {
            $(async fn $method(&self, q: $request) -> Reply<$reply> {
                calls::$method(&self.0, q).await.map_err(|why| Status::internal(format!("{why:#}")))
            })*
        }

        grpc_service!($server($service), $name {
            $($path => $method: $request => $reply;)*
        });

        impl $server {
            pub(crate) fn new(callees: Callees) -> Self {
                Self(Arc::new($service(callees)))
            }
        }
    };
}

calling!(RecommendationServer(RecommendationService), "boutique.Recommendation" {
    "List" => recommend: RecommendationRequest => ProductIds;
});

calling!(CheckoutServer(CheckoutService), "boutique.Checkout" {
    "PlaceOrder" => place_order: PlaceOrder => Order;
});

calling!(FrontendServer(FrontendService), "boutique.Frontend" {
    "Home" => home: Visitor => HomePage;
    "Product" => product: ProductVisit => ProductPage;
    "AddToCart" => add_to_cart: AddItem => Nothing;
    "Checkout" => checkout: PlaceOrder => OrderPage;
});
