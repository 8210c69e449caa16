//! Streams that the decoder library takes apart itself: FLAC, Ogg, MP3, MP4, CAF, Matroska.

use super::heard::Heard;
use super::opus::{self, Opus};
use super::part::Part;
use std::fs::File;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_OPUS, CODEC_ID_PCM_ALAW, CODEC_ID_PCM_MULAW};
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

/// Faults in a row after which a stream is given up.
const MOST_FAULTS: usize = 200;
/// Less than this that is missing is how streams end, not damage.
const MISSED_S: f64 = 0.03;

/// A stretch of a file and what its name says it is.
pub(crate) struct Source<'a> {
    pub(crate) file: &'a File,
    pub(crate) start: u64,
    pub(crate) length: u64,
    /// What is read in the place of the file.
    pub(crate) instead: Option<Vec<u8>>,
    /// An ending, without the dot.
    pub(crate) hint: &'a str,
}

impl Source<'_> {
    /// What reads the container. Where the end of a file is missing, the library does not get past it if it can seek.
    ///
    /// # Errors
    /// Those of the library.
    pub(crate) fn open(&self, seekable: bool) -> Result<Box<dyn FormatReader>, Error> {
        let mut hint = Hint::new();
        hint.with_extension(self.hint);
        let media: Box<dyn MediaSource> = match &self.instead {
            Some(bytes) => Box::new(std::io::Cursor::new(bytes.clone())),
            None => Box::new(Part::new(self.file.try_clone()?, self.start, self.length, seekable)?),
        };
        let stream = MediaSourceStream::new(media, Default::default());
        symphonia::default::get_probe().probe(
            &hint,
            stream,
            FormatOptions::default(),
            MetadataOptions::default(),
        )
    }
}

enum Decoder {
    Library(Box<dyn AudioDecoder>),
    Opus(Box<Opus>),
}

impl Decoder {
    fn new(track: &Track) -> Result<Self, String> {
        let parameters =
            track.codec_params.as_ref().and_then(|p| p.audio()).ok_or("its codec is not known")?;
        if parameters.codec == CODEC_ID_OPUS {
            return Ok(Self::Opus(Box::new(Opus::new(parameters)?)));
        }
        let mut parameters = parameters.clone();
        if [CODEC_ID_PCM_ALAW, CODEC_ID_PCM_MULAW].contains(&parameters.codec) {
            // CAF says eight bits, as they are stored; the decoder wants the sixteen they become.
            (parameters.bits_per_sample, parameters.bits_per_coded_sample) = (None, None);
        }
        let made =
            symphonia::default::get_codecs().make_audio_decoder(&parameters, &AudioDecoderOptions::default());
        made.map(Self::Library).map_err(|e| e.to_string())
    }

    /// Decodes a packet into `heard`; false if that is enough.
    fn decode(&mut self, packet: &Packet, samples: &mut Vec<f32>, heard: &mut Heard) -> Result<bool, String> {
        match self {
            Self::Library(decoder) => {
                let buffer = decoder.decode(packet).map_err(|e| e.to_string())?;
                buffer.copy_to_vec_interleaved(samples);
                let spec = buffer.spec();
                Ok(heard.push(spec.rate(), spec.channels(), samples))
            }
            Self::Opus(opus) => {
                opus.decode(packet, samples)?;
                Ok(heard.push(opus::RATE_HZ, &opus.channels, samples))
            }
        }
    }
}

/// Decodes `source` into `heard`.
///
/// # Errors
/// Why nothing can be decoded, for a report.
pub(super) fn decode(source: &Source<'_>, heard: &mut Heard) -> Result<(), String> {
    let first = run(source, true, heard);
    if !heard.is_empty() {
        return Ok(());
    }
    match run(source, false, heard) {
        _ if !heard.is_empty() => Ok(()),
        // What is wrong is told by the reader that may look everywhere.
        second => first.and(second),
    }
}

/// What an error of the library means for a file.
fn told(error: &Error) -> String {
    match error {
        Error::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            "it is cut short before its sound begins".into()
        }
        Error::Unsupported(what) | Error::DecodeError(what) if what.contains("missing moov") => {
            "it is cut short: the index at its end is missing".into()
        }
        other => other.to_string(),
    }
}

fn run(source: &Source<'_>, seekable: bool, heard: &mut Heard) -> Result<(), String> {
    let mut format = source.open(seekable).map_err(|e| told(&e))?;
    let track = format.default_track(TrackType::Audio).ok_or("it holds no sound")?;
    let (mut id, mut decoder) = (track.id, Decoder::new(track)?);
    let stated_s = stated(track);
    let (mut samples, mut faults, mut in_a_row) = (Vec::new(), 0, 0);
    let mut fault = None;
    loop {
        match format.next_packet() {
            Ok(Some(packet)) if packet.track_id != id => continue,
            Ok(Some(packet)) => match decoder.decode(&packet, &mut samples, heard) {
                Ok(true) => in_a_row = 0,
                Ok(false) => return Ok(()),
                Err(e) if in_a_row >= MOST_FAULTS => return Err(e),
                Err(e) => {
                    (faults, in_a_row) = (faults + 1, in_a_row + 1);
                    fault.get_or_insert(e);
                }
            },
            Ok(None) => break,
            // Another stream begins, in a file that is joined of several.
            Err(Error::ResetRequired) => {
                let track = format.default_track(TrackType::Audio).ok_or("it holds no sound")?;
                (id, decoder) = (track.id, Decoder::new(track)?);
            }
            Err(Error::DecodeError(_)) if in_a_row < MOST_FAULTS => {
                (faults, in_a_row) = (faults + 1, in_a_row + 1)
            }
            Err(_) if !heard.is_empty() => {
                heard.notes.push(format!("the file is cut short: it ends behind {:.1} s", heard.seconds()));
                break;
            }
            Err(e) => return Err(told(&e)),
        }
    }
    let missing = stated_s.map(|stated| stated - heard.seconds()).filter(|missing| *missing > MISSED_S);
    if let Some(missing) = missing.filter(|_| !heard.is_empty()) {
        heard
            .notes
            .push(format!("{missing:.2} s of {:.2} s are damaged or missing", stated_s.unwrap_or(0.0)));
    } else if faults > 0 && !heard.is_empty() {
        heard.notes.push(format!("{faults} damaged parts left out"));
    }
    match heard.is_empty() {
        true => Err(fault.unwrap_or_else(|| "it is cut short before its sound begins".into())),
        false => Ok(()),
    }
}

/// The length that the head of the file states, in seconds.
fn stated(track: &Track) -> Option<f64> {
    let rate = track.codec_params.as_ref()?.audio()?.sample_rate?;
    Some(track.num_frames? as f64 / f64::from(rate))
}
