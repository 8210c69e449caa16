//! Opus, which the decoder library has no decoder for: packets of its demuxers, decoded by another.
//!
//! Surround has several streams of one or two channels in each packet. The other decoder takes each of them to begin with its
//! length (0.1.1); RFC 6716 puts that behind the first byte, so packets are taken apart here ([`delimited`]).

use super::format::order;
use opus_decoder::OpusDecoder;
use symphonia::core::audio::{Channels, Position};
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

/// Opus is always decoded at this rate.
pub(super) const RATE_HZ: u32 = 48_000;
/// Frames of the longest packet, 120 ms.
const LONGEST: usize = 5760;
/// Bytes of the head in front of the list of channels.
const HEAD: usize = 21;
/// What stands in the list for a channel without sound.
const NONE: u8 = 255;

/// Speakers of so many channels in the order that Vorbis has for them, as places in the order of WAV; and which those are.
const SURROUND: [(&[usize], u32); 6] = [
    (&[0, 2, 1], 0x7),
    (&[0, 1, 2, 3], 0x33),
    (&[0, 2, 1, 3, 4], 0x37),
    (&[0, 2, 1, 5, 3, 4], 0x3f),
    (&[0, 2, 1, 6, 5, 3, 4], 0x70f),
    (&[0, 2, 1, 7, 5, 6, 3, 4], 0x63f),
];

/// One of the streams.
struct Stream {
    decoder: OpusDecoder,
    channels: usize,
    samples: Vec<f32>,
}

impl Stream {
    fn new(channels: usize) -> Result<Self, String> {
        let decoder = OpusDecoder::new(RATE_HZ, channels).map_err(|e| e.to_string())?;
        Ok(Self { decoder, channels, samples: vec![0.0; LONGEST * channels] })
    }

    /// Decodes a packet; returns its frames.
    fn decode(&mut self, packet: &[u8]) -> Result<usize, String> {
        self.decoder.decode_float(packet, &mut self.samples, false).map_err(|e| e.to_string())
    }
}

/// What is being decoded.
pub(super) struct Opus {
    streams: Vec<Stream>,
    pub(super) channels: Channels,
    /// For each channel the stream and the channel in that; `None` if it is silent.
    places: Vec<Option<(usize, usize)>>,
    gain: f32,
    /// Frames at the beginning that the encoder has put there.
    lead: usize,
}

impl Opus {
    /// A decoder for what `parameters` say, by the head of the stream if they have it.
    ///
    /// # Errors
    /// Why it cannot be decoded.
    pub(super) fn new(parameters: &AudioCodecParameters) -> Result<Self, String> {
        let head = parameters.extra_data.as_deref().filter(|data| data.starts_with(b"OpusHead"));
        let stated = || parameters.channels.as_ref().map_or(2, |c| u8::try_from(c.count()).unwrap_or(NONE));
        let count = head.and_then(|head| head.get(9).copied()).unwrap_or_else(stated);
        let family = head.and_then(|head| head.get(18).copied()).unwrap_or(0);
        let listed = head.filter(|_| family > 0).map(|head| (head.get(19), head.get(20), head.get(HEAD..)));
        let (streams, pairs, list) = match listed {
            None if count <= 2 => (1, count.saturating_sub(1), vec![0, 1]),
            Some((Some(streams), Some(pairs), Some(list))) => (*streams, *pairs, list.to_vec()),
            _ => return Err(format!("{count} channels without a list of its streams")),
        };
        if count == 0 || streams == 0 || list.len() < usize::from(count) || pairs > streams {
            return Err("its head is damaged".into());
        }
        let (channels, order) = channels_of(count, family);
        let pairs = usize::from(pairs);
        let place = |at: &usize| match list[*at] {
            NONE => None,
            n if usize::from(n) < 2 * pairs => Some((usize::from(n) / 2, usize::from(n) % 2)),
            n => Some((usize::from(n) - pairs, 0)),
        };
        let places: Vec<_> = order.iter().map(place).collect();
        let streams = usize::from(streams);
        if places.iter().flatten().any(|(stream, _)| *stream >= streams) {
            return Err("its head is damaged".into());
        }
        let streams =
            (0..streams).map(|i| Stream::new(if i < pairs { 2 } else { 1 })).collect::<Result<_, _>>()?;
        let steps = head.and_then(|head| head.get(16..18)).map_or(0, |b| i16::from_le_bytes([b[0], b[1]]));
        let gain = 10f32.powf(f32::from(steps) / 256.0 / 20.0);
        let lead = head.and_then(|head| head.get(10..12)).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]));
        Ok(Self { streams, channels, places, gain, lead: usize::from(lead) })
    }

    /// The samples of `packet`, interleaved, without what the container says is to be left out.
    pub(super) fn decode(&mut self, packet: &Packet, samples: &mut Vec<f32>) -> Result<(), String> {
        let (mut rest, mut frames) = (&packet.data[..], usize::MAX);
        let last = self.streams.len() - 1;
        for (index, stream) in self.streams.iter_mut().enumerate() {
            if index == last {
                frames = frames.min(stream.decode(rest)?);
            } else {
                let (own, behind) = delimited(rest).ok_or("a packet of several streams is cut short")?;
                frames = frames.min(stream.decode(&own)?);
                rest = behind;
            }
        }
        let trim = |d: Duration| usize::try_from(d.get()).unwrap_or(usize::MAX);
        let end = frames.saturating_sub(trim(packet.trim_end));
        // Not every demuxer says so of the first packets.
        let start = trim(packet.trim_start).max(self.lead).min(end);
        self.lead = self.lead.saturating_sub(frames);
        samples.clear();
        for frame in start..end {
            samples.extend(self.places.iter().map(|place| {
                place.map_or(0.0, |(stream, channel)| {
                    let stream = &self.streams[stream];
                    stream.samples[frame * stream.channels + channel] * self.gain
                })
            }));
        }
        Ok(())
    }
}

/// What the channels are for, and in which order they are taken from the list of the head.
fn channels_of(count: u8, family: u8) -> (Channels, Vec<usize>) {
    let as_listed: Vec<usize> = (0..usize::from(count)).collect();
    let surround = SURROUND.iter().find(|(order, _)| family == 1 && order.len() == usize::from(count));
    if let Some((order, speakers)) =
        surround.and_then(|(order, mask)| Some((order, Position::from_wave_channel_mask(*mask)?)))
    {
        return (Channels::Positioned(speakers), order.to_vec());
    }
    match order(u16::from(count)).filter(|_| matches!(family, 2 | 3)) {
        Some(order) => (Channels::Ambisonic(order), as_listed),
        None => (Channels::Discrete(u16::from(count)), as_listed),
    }
}

/// Takes the first packet off `packet`, which says itself where it ends (RFC 6716, appendix B): as one that does not, and what is
/// behind it.
fn delimited(packet: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (kind, rest) = packet.split_first()?;
    // What the packet keeps of sizes, and the bytes of its frames.
    let (mut head, mut padding) = (vec![*kind], 0);
    let (bytes, rest) = match kind & 3 {
        0 => size(rest)?,
        1 => size(rest).map(|(each, rest)| (2 * each, rest))?,
        2 => {
            let (first, behind) = size(rest)?;
            head.extend(&rest[..rest.len() - behind.len()]);
            size(behind).map(|(second, rest)| (first + second, rest))?
        }
        _ => {
            let (count, mut rest) = rest.split_first()?;
            if count & 0x40 != 0 {
                let more;
                (more, rest) = padded(rest)?;
                padding = more;
            }
            head.push(count & !0x40);
            let frames = usize::from(count & 0x3f);
            let mut bytes = 0;
            // Of frames of one size only that is there; else those of all but the last belong to the packet itself.
            let own = if count & 0x80 != 0 { frames.checked_sub(1)? } else { 0 };
            for _ in 0..own {
                let (each, behind) = size(rest)?;
                head.extend(&rest[..rest.len() - behind.len()]);
                (bytes, rest) = (bytes + each, behind);
            }
            let (each, rest) = size(rest)?;
            (bytes + each * (frames - own), rest)
        }
    };
    let (frames, rest) = rest.split_at_checked(bytes)?;
    head.extend(frames);
    Some((head, rest.get(padding..)?))
}

/// A size in one or two bytes, and what is behind it.
fn size(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if *first < 252 {
        return Some((usize::from(*first), rest));
    }
    let (second, rest) = rest.split_first()?;
    Some((4 * usize::from(*second) + usize::from(*first), rest))
}

/// How many bytes of padding follow a packet, and what is behind that number.
fn padded(mut bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut sum = 0;
    loop {
        let (more, rest) = bytes.split_first()?;
        bytes = rest;
        match more {
            255 => sum += 254,
            more => return Some((sum + usize::from(*more), bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_that_say_where_they_end_are_taken_apart() {
        for (packet, own) in [
            // One frame, two of one size, two of two sizes, three of one size and three of three, with and without padding.
            (&b"\x08\x02abREST"[..], &b"\x08ab"[..]),
            (b"\x09\x02abcdREST", b"\x09abcd"),
            (b"\x0a\x01\x02abcREST", b"\x0a\x01abc"),
            (b"\x0b\x03\x02abcdefREST", b"\x0b\x03abcdef"),
            (b"\x0b\x83\x01\x02\x03abcdefREST", b"\x0b\x83\x01\x02abcdef"),
            (b"\x0b\x43\x02\x01abc\0\0REST", b"\x0b\x03abc"),
        ] {
            assert_eq!(delimited(packet), Some((own.to_vec(), &b"REST"[..])), "{}", packet.escape_ascii());
            for keep in 0..packet.len() - 4 {
                assert_eq!(delimited(&packet[..keep]), None, "{} of {}", keep, packet.escape_ascii());
            }
        }
        assert_eq!(
            delimited(&[8, 252, 1].into_iter().chain([7; 256]).collect::<Vec<_>>()).unwrap().0.len(),
            257
        );
        assert_eq!(delimited(b"\x0b\x80\0"), None, "no frames");
    }
}
