//! Opus, which the decoder library has no decoder for: packets of its demuxers, decoded by another.
//!
//! One stream, mono or stereo. Of several streams in one, as surround has them, the decoder has the packets wrong (0.1.1 takes
//! each to begin with its length, RFC 6716 puts that behind the first byte).

use opus_decoder::OpusDecoder;
use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

/// Opus is always decoded at this rate.
pub(super) const RATE_HZ: u32 = 48_000;
/// Frames of the longest packet, 120 ms.
const LONGEST: usize = 5760;

/// A stream that is being decoded.
pub(super) struct Opus {
    decoder: OpusDecoder,
    pub(super) channels: Channels,
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
        let count = match head.and_then(|head| head.get(9)) {
            Some(count) => u16::from(*count),
            None => parameters.channels.as_ref().map_or(2, |c| u16::try_from(c.count()).unwrap_or(u16::MAX)),
        };
        let streams =
            head.filter(|head| head.get(18).is_some_and(|family| *family > 0)).and_then(|head| head.get(19));
        if count == 0 || count > 2 || streams.is_some_and(|streams| *streams != 1) {
            return Err(format!(
                "{count} channels in several streams, which only the programs of Opus itself read"
            ));
        }
        let decoder = OpusDecoder::new(RATE_HZ, usize::from(count)).map_err(|e| e.to_string())?;
        let steps = head.and_then(|head| head.get(16..18)).map_or(0, |b| i16::from_le_bytes([b[0], b[1]]));
        let gain = 10f32.powf(f32::from(steps) / 256.0 / 20.0);
        let lead = head.and_then(|head| head.get(10..12)).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]));
        Ok(Self { decoder, channels: Channels::Discrete(count), gain, lead: usize::from(lead) })
    }

    /// The samples of `packet`, interleaved, without what the container says is to be left out.
    pub(super) fn decode(&mut self, packet: &Packet, samples: &mut Vec<f32>) -> Result<(), String> {
        let count = self.channels.count();
        samples.clear();
        samples.resize(LONGEST * count, 0.0);
        let frames = self.decoder.decode_float(&packet.data, samples, false).map_err(|e| e.to_string())?;
        let trim = |d: Duration| usize::try_from(d.get()).unwrap_or(usize::MAX);
        let end = frames.saturating_sub(trim(packet.trim_end));
        // Not every demuxer says so of the first packets.
        let start = trim(packet.trim_start).max(self.lead).min(end);
        self.lead = self.lead.saturating_sub(frames);
        samples.truncate(end * count);
        samples.drain(..start * count);
        samples.iter_mut().for_each(|x| *x *= self.gain);
        Ok(())
    }
}
