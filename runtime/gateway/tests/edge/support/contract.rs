//! A shelf of books.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

#[seam::contract(name = "shelf", version = "1.2")]
pub(crate) trait Shelf {
    /// Adds a book.
    #[call(
        http = "POST /api/book",
        status = 201,
        location = "/api/book/{book.id}",
        header(request_key = "Idempotency-Key")
    )]
    async fn add_book(
        &mut self,
        book: NewBook,
        request_key: Option<String>,
    ) -> Result<Added, ShelfError>;

    /// A book.
    #[call(public, http = "GET /api/book/{id}")]
    async fn book(&self, id: BookId) -> Result<Book, ShelfError>;

    /// Some books.
    #[call(public, http = "GET /api/book")]
    async fn find_books(
        &self,
        by_author: String,
        limit: Option<u32>,
        lent: Option<bool>,
    ) -> Vec<String>;

    /// Lends a book.
    #[call(public, http = "PUT /api/book/{id}/reader")]
    async fn lend(&self, id: BookId, reader_name: String, days: u32) -> Result<String, ShelfError>;

    /// Burns a book.
    #[call(http = "DELETE /api/book/{id}", status = 204)]
    async fn burn(&self, id: BookId) -> ();

    /// Never answers.
    #[call(public, http = "POST /api/wait")]
    async fn wait(&self) -> ();

    /// Panics.
    #[call(public)]
    async fn panic(&self) -> ();

    /// Nobody's business.
    async fn secret(&self) -> ();
}

#[seam::message]
#[derive(Copy, Eq)]
pub(crate) struct BookId(pub(crate) u64);

#[seam::message]
pub(crate) struct NewBook {
    pub(crate) title: String,
    pub(crate) page_count: u32,
}

#[seam::message]
pub(crate) struct Book {
    pub(crate) id: BookId,
    pub(crate) title: String,
    pub(crate) page_count: u32,
}

#[seam::message]
pub(crate) struct Added {
    pub(crate) book: Book,
    pub(crate) key: Option<String>,
}

#[seam::error]
pub(crate) enum ShelfError {
    /// There is no such book.
    #[error(status = 404, code = "book_not_found")]
    Missing { id: BookId },
    /// The title is empty.
    #[error(status = 400)]
    EmptyTitle,
    /// The printer may have printed it.
    #[error(status = 503, unknown)]
    PrinterGone { book: String },
}

/// Counts who waits, so that tests see them come and go.
#[derive(Clone, Default)]
pub(crate) struct ShelfService {
    pub(crate) waiting: Arc<AtomicU32>,
    pub(crate) release: Arc<tokio::sync::Notify>,
}

impl Shelf for ShelfService {
    async fn add_book(
        &mut self,
        book: NewBook,
        request_key: Option<String>,
    ) -> Result<Added, ShelfError> {
        match &*book.title {
            "" => Err(ShelfError::EmptyTitle),
            "gone" => Err(ShelfError::PrinterGone { book: book.title }),
            _ => {
                let NewBook { title, page_count } = book;
                Ok(Added { book: Book { id: BookId(7), title, page_count }, key: request_key })
            }
        }
    }

    async fn book(&self, id: BookId) -> Result<Book, ShelfError> {
        if id.0 == 404 {
            return Err(ShelfError::Missing { id });
        }
        Ok(Book { id, title: "Ada".into(), page_count: 3 })
    }

    async fn find_books(
        &self,
        by_author: String,
        limit: Option<u32>,
        lent: Option<bool>,
    ) -> Vec<String> {
        vec![by_author, format!("{limit:?}"), format!("{lent:?}")]
    }

    async fn lend(&self, id: BookId, reader_name: String, days: u32) -> Result<String, ShelfError> {
        Ok(format!("{} to {reader_name} for {days}", id.0))
    }

    async fn burn(&self, _: BookId) {}

    async fn wait(&self) {
        let waiting = Waiting(Arc::clone(&self.waiting));
        waiting.0.fetch_add(1, Ordering::SeqCst);
        self.release.notified().await;
    }

    async fn panic(&self) {
        panic!("as asked");
    }

    async fn secret(&self) {}
}

/// Counts down even if its turn is ended early.
struct Waiting(Arc<AtomicU32>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
