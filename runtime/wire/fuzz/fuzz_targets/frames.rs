//! One frame's contents, whatever they are. What reads as a call must write as the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seam_wire::{Frame, Hello, encode_health, encode_offers, encode_reply};

fuzz_target!(|contents: &[u8]| {
    match Frame::decode(contents) {
        Ok(Frame::Hello(contents)) => {
            if let Ok(hello) = Hello::decode(contents) {
                let mut again = Vec::new();
                if hello.encode(&mut again).is_ok() {
                    // Extensions that are unknown don't come back, and nothing else is lost.
                    assert_eq!(Hello::decode(&again[5..]), Ok(hello));
                    assert!(again.len() - 5 <= contents.len());
                }
            }
        }
        Ok(Frame::Call(head, body)) => {
            assert!(head.origin.chain().count() <= 32);
            let (_, _) = (head.origin.caller(), head.origin.principal());
            assert!(head.extensions.iter().count() <= 16);
            let mut again = Vec::new();
            let written = head.encode(&mut again, usize::MAX, |out| {
                out.extend_from_slice(body);
                Ok::<(), ()>(())
            });
            assert_eq!(written, Ok(()));
            assert_eq!(&again[4..], contents);
        }
        Ok(Frame::Reply(id, mark, body)) => {
            let mut again = Vec::new();
            let written = encode_reply(&mut again, id, usize::MAX, |out| {
                out.extend_from_slice(body);
                Ok::<_, ()>(mark)
            });
            assert_eq!(written, Ok(()));
            assert_eq!(&again[4..], contents);
        }
        Ok(Frame::Offers(active)) => {
            let mut again = Vec::new();
            encode_offers(&mut again, active);
            assert_eq!(&again[4..], contents);
        }
        Ok(Frame::Health(well)) => {
            let mut again = Vec::new();
            encode_health(&mut again, well);
            assert_eq!(&again[4..], contents);
        }
        Ok(Frame::Failure(_, failed)) => assert!(failed.texts.count() <= 33),
        _ => {}
    }
});
