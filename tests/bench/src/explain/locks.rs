//! Whether an instruction of x86-64 locks the memory that it writes.

/// `bytes` begin with the instruction.
pub(super) fn locks_memory(bytes: &[u8]) -> bool {
    const LOCK: u8 = 0xf0;
    let mut rest = bytes;
    while let [prefix, after @ ..] = rest {
        match *prefix {
            LOCK => return true,
            // Segments and sizes, then the wide registers.
            0x26 | 0x2e | 0x36 | 0x3e | 0x64..=0x67 | 0xf2 | 0xf3 | 0x40..=0x4f => rest = after,
            // `xchg` locks by itself, unless it swaps two registers.
            0x86 | 0x87 => return after.first().is_some_and(|operands| operands >> 6 != 0b11),
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locked_instructions_and_exchanges_with_memory_lock() {
        // lock cmpxchg [rdi],rsi · lock inc [rax] · xchg [rdi],rax · lock xadd [rdi],eax
        assert!(locks_memory(&[0xf0, 0x48, 0x0f, 0xb1, 0x37]));
        assert!(locks_memory(&[0xf0, 0x48, 0xff, 0x00]));
        assert!(locks_memory(&[0x48, 0x87, 0x07]));
        assert!(locks_memory(&[0x66, 0xf0, 0x0f, 0xc1, 0x07]));
        // xchg rax,rbx · mov [rdi],rax · nothing
        assert!(!locks_memory(&[0x48, 0x87, 0xc3]));
        assert!(!locks_memory(&[0x48, 0x89, 0x07]));
        assert!(!locks_memory(&[]));
    }
}
