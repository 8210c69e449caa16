//! What becomes of inputs by chance, the same in every run.

/// Numbers by chance.
pub(crate) struct Dice(u64);

impl Dice {
    /// Those that belong to a name.
    pub(crate) fn of(name: &str) -> Self {
        Self(
            name.bytes().fold(0x9e37_79b9_7f4a_7c15, |seed, byte| {
                (seed ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
            }) | 1,
        )
    }

    /// One of 0 .. `n`; 0 for none.
    fn below(&mut self, n: usize) -> usize {
        // xorshift64*.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap_or(0);
        number.checked_rem(n).unwrap_or(0)
    }
}

/// Longest input that is made.
const LONGEST: usize = 64 << 10;

/// What readers of all kinds stumble over.
const WORDS: [&[u8]; 24] = [
    b"null",
    b"[]",
    b"{}",
    b"\"\"",
    b"-1",
    b"1e999",
    b"18446744073709551615",
    b"9223372036854775807",
    b"NaN",
    b"\\u0000",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\0",
    b"\"",
    b",",
    b";",
    b"<",
    b"&#x110000;",
    b"]]>",
    b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x80",
    b"\xff\xff\xff\x7f",
    b"../../",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
];

/// An input made of one of `inputs`, at times of two.
pub(crate) fn one(dice: &mut Dice, inputs: &[&[u8]]) -> Vec<u8> {
    let mut input = inputs[dice.below(inputs.len())].to_vec();
    for _ in 0..=dice.below(5) {
        change(dice, &mut input, inputs);
    }
    input.truncate(LONGEST);
    input
}

fn change(dice: &mut Dice, input: &mut Vec<u8>, inputs: &[&[u8]]) {
    let at = dice.below(input.len());
    let to = at + dice.below((input.len() - at).min(64));
    match dice.below(9) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = [0, 1, 0x7f, 0x80, 0xff, b'9', b'-', b'"'][dice.below(8)];
            }
        }
        2 => input.truncate(at),
        3 => drop(input.drain(at..to)),
        4 => {
            let again = input[at..to].to_vec();
            for _ in 0..=dice.below(8) {
                input.splice(at..at, again.iter().copied());
            }
        }
        5 => {
            let word = WORDS[dice.below(WORDS.len())];
            let end = if dice.below(2) == 0 { at } else { to };
            input.splice(at..end, word.iter().copied());
        }
        6 => {
            // A number of four bytes, as sizes are written.
            let number = [0_u32, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX, u32::MAX - 7][dice.below(6)];
            if let Some(place) = input.get_mut(at..at + 4) {
                place.copy_from_slice(&number.to_le_bytes());
            }
        }
        7 => {
            let other = inputs[dice.below(inputs.len())];
            let from = dice.below(other.len());
            input.truncate(at);
            input.extend(&other[from..]);
        }
        _ => {
            // Digits of numbers that are written out.
            for byte in input.iter_mut().skip(at).take(12).filter(|byte| byte.is_ascii_digit()) {
                *byte = b'0' + u8::try_from(dice.below(10)).unwrap_or(0);
            }
        }
    }
}
