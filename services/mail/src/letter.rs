//! What stands in a mail.

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use order::OrderPaid;
use user::Account;

use crate::contract::MailError;

/// The confirmation of an order that was paid for. Whoever gets it twice can tell by its `Message-ID`,
/// which is the order's.
pub(crate) fn confirmation(
    from: &Mailbox,
    to: &Account,
    event: &OrderPaid,
) -> Result<Message, MailError> {
    let unwritable = |reason: String| MailError::Unwritable { reason };
    let address = to.email.parse().map_err(|error| unwritable(format!("{error}: {}", to.email)))?;
    let (order, cents) = (event.order_id, event.total_cents);
    let (whole, part) = (cents / 100, cents % 100);
    let text = format!(
        "Dear {},\r\n\r\nthank you: {whole}.{part:02} were paid for your order {order}.\r\n",
        to.name
    );
    Message::builder()
        .message_id(Some(format!("<order-{order}@{}>", from.email.domain())))
        .from(from.clone())
        .to(Mailbox::new(Some(to.name.clone()), address))
        .subject(format!("Your order {order}"))
        .header(ContentType::TEXT_PLAIN)
        .body(text)
        .map_err(|error| unwritable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(name: &str, email: &str, total_cents: u64) -> Result<String, MailError> {
        let from = "Shop <shop@example.com>".parse().unwrap();
        let to = Account { id: 1, name: name.into(), email: email.into() };
        let event = OrderPaid { order_id: 7, user_id: 1, total_cents };
        let letter = confirmation(&from, &to, &event)?;
        Ok(String::from_utf8(letter.formatted()).unwrap())
    }

    #[test]
    fn a_confirmation_names_its_order() {
        let letter = written("Ada", "ada@example.com", 123_405).unwrap();
        for line in [
            "Message-ID: <order-7@example.com>\r\n",
            "From: Shop <shop@example.com>\r\n",
            "To: Ada <ada@example.com>\r\n",
            "Subject: Your order 7\r\n",
            "\r\n\r\nDear Ada,\r\n",
            "1234.05 were paid for your order 7.\r\n",
        ] {
            assert!(letter.contains(line), "{line:?} isn't in {letter}");
        }
    }

    #[test]
    fn a_name_adds_no_line_to_the_head() {
        let letter = written("Ada, \"Åsa\" <b@example.com>", "ada@example.com", 1).unwrap();
        let (head, _) = letter.split_once("\r\n\r\n").unwrap();
        let to: Vec<_> = head.lines().filter(|line| line.starts_with("To:")).collect();
        assert_eq!(to.len(), 1, "{head}");
        assert!(head.contains("<ada@example.com>") && !head.contains("<b@example.com>"), "{head}");
    }

    #[test]
    fn what_is_no_address_to_mail_is_told() {
        let error = written("Ada", "ada example.com", 1).unwrap_err();
        let MailError::Unwritable { reason } = error else { panic!("{error:?}") };
        assert!(reason.contains("ada example.com"), "{reason}");
    }
}
