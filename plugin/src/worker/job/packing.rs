//! [job thread, packing thread] Samples become takes: rounded, packed as FLAC, measured.
//!
//! To pack a sound takes about as long as to decode it. Of several sounds that are made together each is packed on a thread
//! of its own while the engine goes on with the next; a single one is packed where it was made, for nothing follows it.

use crossbeam_channel::unbounded;
use std::sync::Mutex;
use std::sync::PoisonError;
use straightshot_engine::pipeline::Made;
use straightshot_protocol::{Audio, ErrorKind, Failure, Request, StageTimings};
use straightshot_takes::{Take, TakeId};

/// What is done with a sound that was packed, and what is said of one that could not be.
type Packed = Result<(Take, StageTimings), Failure>;

/// Has `make` make the sounds of `seeds` and hands each, packed, to `finish`; all are when it returns. Returns the first
/// failure of `finish`, which ends nothing.
///
/// # Errors
/// That of `make`.
pub(super) fn pack(
    request: &Request,
    seeds: &[u64],
    finish: impl Fn(usize, Packed) -> Result<(), Failure> + Sync,
    make: impl FnOnce(&mut (dyn FnMut(Made) + Send)) -> Result<(), Failure>,
) -> Result<Option<Failure>, Failure> {
    let first = Mutex::new(None);
    let pack_one = |made: Made| {
        let packed = take_of(request, seeds[made.index], &made.audio);
        let packed = packed.map(|take| (take.that_took(made.timings.total()), made.timings));
        if let Err(failure) = finish(made.index, packed) {
            first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
        }
    };
    let result = if seeds.len() < 2 {
        make(&mut |made| pack_one(made))
    } else {
        std::thread::scope(|scope| {
            let (sounds, queue) = unbounded();
            // Ends when `sounds` is gone, also by a panic of the engine.
            scope.spawn(|| queue.into_iter().for_each(pack_one));
            make(&mut move |made| {
                let _ = sounds.send(made);
            })
        })
    };
    result.map(|()| first.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn take_of(request: &Request, seed: u64, audio: &Audio) -> Result<Take, Failure> {
    if !is_usable(audio) {
        let text = "The model made a sound that cannot be played; try another seed";
        return Err(Failure::new(ErrorKind::Compute, text));
    }
    Take::new(TakeId(0), Request { seed, ..request.clone() }, audio)
}

fn is_usable(audio: &Audio) -> bool {
    !audio.is_empty()
        && audio.sample_rate_hz() > 0
        && audio.channels().all(|channel| channel.iter().all(|sample| sample.is_finite()))
}
