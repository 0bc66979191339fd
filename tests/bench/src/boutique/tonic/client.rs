//! The clients of the services' tonic version.

use std::collections::BTreeMap;

use anyhow::Context;
use tonic::transport::Channel;

use crate::boutique::calls::Calls;
use crate::boutique::front::Pages;
use crate::boutique::messages::{
    AdRequest, AddItem, Ads, Cart, Charge, Confirmation, Conversion, Currencies, HomePage, Money,
    Nothing, Order, OrderPage, PlaceOrder, Product, ProductId, ProductIds, ProductPage,
    ProductVisit, Products, RecommendationRequest, Shipment, Tracking, Transaction, UserId,
    Visitor,
};
use crate::grpc::{self, unary};

/// Channels to the services that the caller's own service calls, by name.
#[derive(Clone, Debug)]
pub(crate) struct Callees(BTreeMap<String, Channel>);

impl Callees {
    pub(crate) async fn connect(addresses: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let mut channels = BTreeMap::new();
        for (service, address) in addresses {
            let channel = grpc::connect(address).await.with_context(|| format!("`{service}`"))?;
            channels.insert(service.clone(), channel);
        }
        Ok(Self(channels))
    }

    async fn call<Q, R>(&self, service: &str, path: &'static str, request: Q) -> anyhow::Result<R>
    where
        Q: prost::Message + 'static,
        R: prost::Message + Default + 'static,
    {
        let channel = self.0.get(service).with_context(|| format!("no way to `{service}`"))?;
        Ok(unary(channel, path, request).await?)
    }
}

impl Calls for Callees {
    async fn list_products(&self, q: Nothing) -> anyhow::Result<Products> {
        self.call("catalog", "/boutique.Catalog/List", q).await
    }

    async fn get_product(&self, q: ProductId) -> anyhow::Result<Product> {
        self.call("catalog", "/boutique.Catalog/Get", q).await
    }

    async fn get_cart(&self, q: UserId) -> anyhow::Result<Cart> {
        self.call("cart", "/boutique.Cart/Get", q).await
    }

    async fn add_item(&self, q: AddItem) -> anyhow::Result<Nothing> {
        self.call("cart", "/boutique.Cart/Add", q).await
    }

    async fn empty_cart(&self, q: UserId) -> anyhow::Result<Nothing> {
        self.call("cart", "/boutique.Cart/Empty", q).await
    }

    async fn currencies(&self, q: Nothing) -> anyhow::Result<Currencies> {
        self.call("currency", "/boutique.Currency/List", q).await
    }

    async fn convert(&self, q: Conversion) -> anyhow::Result<Money> {
        self.call("currency", "/boutique.Currency/Convert", q).await
    }

    async fn ads(&self, q: AdRequest) -> anyhow::Result<Ads> {
        self.call("ads", "/boutique.Ads/Choose", q).await
    }

    async fn recommend(&self, q: RecommendationRequest) -> anyhow::Result<ProductIds> {
        self.call("recommendation", "/boutique.Recommendation/List", q).await
    }

    async fn quote(&self, q: Shipment) -> anyhow::Result<Money> {
        self.call("shipping", "/boutique.Shipping/Quote", q).await
    }

    async fn ship(&self, q: Shipment) -> anyhow::Result<Tracking> {
        self.call("shipping", "/boutique.Shipping/Ship", q).await
    }

    async fn charge(&self, q: Charge) -> anyhow::Result<Transaction> {
        self.call("payment", "/boutique.Payment/Charge", q).await
    }

    async fn confirm(&self, q: Confirmation) -> anyhow::Result<Nothing> {
        self.call("email", "/boutique.Email/Confirm", q).await
    }

    async fn place_order(&self, q: PlaceOrder) -> anyhow::Result<Order> {
        self.call("checkout", "/boutique.Checkout/PlaceOrder", q).await
    }
}

/// The HTTP front's connection to the frontend.
#[derive(Clone, Debug)]
pub(crate) struct Frontend(Channel);

impl Frontend {
    pub(crate) async fn connect(address: &str) -> anyhow::Result<Self> {
        Ok(Self(grpc::connect(address).await?))
    }
}

impl Pages for Frontend {
    async fn home(&self, q: Visitor) -> anyhow::Result<HomePage> {
        Ok(unary(&self.0, "/boutique.Frontend/Home", q).await?)
    }

    async fn product(&self, q: ProductVisit) -> anyhow::Result<ProductPage> {
        Ok(unary(&self.0, "/boutique.Frontend/Product", q).await?)
    }

    async fn add_to_cart(&self, q: AddItem) -> anyhow::Result<Nothing> {
        Ok(unary(&self.0, "/boutique.Frontend/AddToCart", q).await?)
    }

    async fn checkout(&self, q: PlaceOrder) -> anyhow::Result<OrderPage> {
        Ok(unary(&self.0, "/boutique.Frontend/Checkout", q).await?)
    }
}
