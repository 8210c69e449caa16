//! The audio thread under observation: every allocation and every free it makes is counted.
//!
//! A test binary of its own, because the counting allocator is the allocator of the whole process.

#[path = "realtime/bank.rs"]
mod bank;
#[path = "realtime/counting.rs"]
mod counting;
#[path = "realtime/damage.rs"]
mod damage;
#[path = "realtime/engine.rs"]
mod engine;
#[path = "realtime/handoff.rs"]
mod handoff;
#[path = "realtime/hosted.rs"]
mod hosted;
#[path = "realtime/input.rs"]
mod input;
#[path = "realtime/instance.rs"]
mod instance;
#[path = "realtime/models.rs"]
mod models;
#[path = "realtime/modes.rs"]
mod modes;
#[path = "realtime/player.rs"]
mod player;
#[path = "realtime/queue.rs"]
mod queue;
#[path = "realtime/random.rs"]
mod random;
#[path = "realtime/ready.rs"]
mod ready;
#[path = "realtime/refinement.rs"]
mod refinement;
#[path = "realtime/removal.rs"]
mod removal;
#[path = "realtime/syscalls.rs"]
mod syscalls;
#[path = "realtime/threads.rs"]
mod threads;
#[path = "realtime/worker.rs"]
mod worker;
